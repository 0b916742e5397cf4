/** One thing wrong with what a user wrote. */
export interface Problem {
  /** Where, as property names and list indices from the top of the value. */
  readonly path: readonly PropertyKey[];
  /** What stands there, in words or as JSON; never a secret. */
  readonly found: string;
  /** What may stand there instead, and why where that is not plain. */
  readonly allowed: string;
}

/** `["rules", 0, "prefix"]` as `rules[0].prefix`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

/** One line: where, what was found, what is allowed. */
export function formatProblem(problem: Problem, where = ""): string {
  const path = formatPath(problem.path);
  const place = [where, path].filter((part) => part !== "").join(": ");
  return `${place}: found ${problem.found}; allowed: ${problem.allowed}`;
}

const SHOWN_LENGTH = 100;
const PASSWORD = /(:\/\/[^/@:]*:|\bpassword\s*=\s*)[^@\s]+/gi;

/**
 * A value as one short piece of text for `Problem.found`, without what may be a secret: of an object only the keys, of
 * a connection not the password.
 */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return shorten(JSON.stringify(value.replace(PASSWORD, "$1…")));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
  }
  // Functions and symbols have no JSON.
  return shorten((JSON.stringify(value)) ?? `a ${typeof value}`);
}

function shorten(text: string): string {
  return text.length > SHOWN_LENGTH
    ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)`
    : text;
}
