/** A string that Terraform takes for itself, where it has `${…}` or `%{…}` too, as IAM's policy variables do. */
export function literal(text: string): string {
  return text.replace(/[$%]\{/g, (code) => `${code[0]}${code}`);
}
