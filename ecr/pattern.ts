/** A string as a regular expression that matches it and nothing else. */
export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A pattern in which `*` stands for any characters, as in ECR's tag patterns, as a regular expression for a whole string. */
export function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.split("*").map(escapePattern).join(".*")}$`);
}
