import { type Problem, show, showKind } from "../problem";

/*
 * What holds for every value of an environment, whatever its field: it has to arrive in Terraform as it is written.
 */

/** A value in another one, with its place. */
interface Placed {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
  /** Whether the value is an object or list that it is itself a part of. */
  readonly isCyclic: boolean;
}

/** A value and everything in it, keys of objects aside. */
export function* valuesIn(
  value: unknown,
  path: readonly PropertyKey[] = [],
  around: readonly unknown[] = [],
): Generator<Placed> {
  const isCyclic = around.includes(value);
  yield { path, value, isCyclic };
  if (typeof value !== "object" || value === null || isCyclic) return;
  const within = [...around, value];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) yield* valuesIn(inner, [...path, key], within);
}

/** What is wrong with a string as a literal of Terraform's; undefined where nothing is. */
function misread(text: string): string | undefined {
  // cdktf takes strings into JSON as they are, where Terraform reads them as templates.
  if (/[$%]\{/.test(text)) return "no ${ and no %{, which Terraform would evaluate";
  if (/\p{Cs}/u.test(text)) return "well-formed Unicode";
  if (/(?![\n\r\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]/u.test(text)) {
    return "no control characters of a terminal or of Unicode";
  }
  // Source: https://developer.hashicorp.com/terraform/language/expressions/strings
  if (text.normalize("NFC") !== text) {
    return "the same characters in Unicode's normalization form C, to which Terraform converts strings";
  }
  return undefined;
}

/** Whether a value is neither data of JSON's nor absent. */
function isForeign({ value, isCyclic }: Placed): boolean {
  if (typeof value === "object" && value !== null) {
    const prototype = Object.getPrototypeOf(value) as unknown;
    return (
      isCyclic || !(Array.isArray(value) || prototype === null || prototype === Object.prototype)
    );
  }
  if (typeof value === "number") return !Number.isFinite(value);
  return ["function", "symbol", "bigint"].includes(typeof value);
}

function keyProblems({ value, path }: Placed): Problem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.keys(value).flatMap((key) => {
    // What copies an object key by key sets its prototype instead.
    const allowed = key === "__proto__" ? "another key" : misread(key);
    return allowed === undefined
      ? []
      : [{ path: [...path, key], found: `the key ${show(key)}`, allowed }];
  });
}

/**
 * A string without the code in it that is escaped later: variables of IAM's policies, but no tokens of cdktf's, and nothing after
 * another `$` or `%`, which Terraform would take for part of the escape.
 */
function asWritten(text: string, [first, second]: readonly PropertyKey[]): string {
  return first === "access" && second === "registryStatements"
    ? text.replace(/(?<![$%])[$%]\{(?!TfToken\[)/g, "")
    : text;
}

/** Every value that would not arrive in Terraform as it is written. */
export function valueProblems(input: unknown): Problem[] {
  return [...valuesIn(input)].flatMap((placed) => {
    const { path, value } = placed;
    if (isForeign(placed)) {
      const shown = typeof value === "number" ? show(value) : showKind(value);
      const found = placed.isCyclic ? "an object within itself" : shown;
      return [{ path, found, allowed: "strings, numbers, true, false, lists and plain objects" }];
    }
    const allowed = typeof value === "string" ? misread(asWritten(value, path)) : undefined;
    if (allowed !== undefined) return [{ path, found: show(value), allowed }];
    return keyProblems(placed);
  });
}
