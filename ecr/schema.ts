import * as z from "zod";
import { type Problem, show, showKind } from "./problem";

/*
 * How schemas are written here: the message of a check says what is allowed, and `toProblems` adds where and what was
 * found. One vocabulary for every schema of the project.
 */

/** A text that is not empty. */
export const text = (allowed = "a string") =>
  z.string({ error: allowed }).min(1, { error: allowed });

/** A text of one form. */
export const textLike = (pattern: RegExp, allowed: string) =>
  z.string({ error: allowed }).regex(pattern, { error: allowed, abort: true });

/** A whole number from `minimum`. */
export const wholeNumber = (minimum: number, allowed = `a whole number from ${minimum}`) =>
  z.int({ error: allowed }).min(minimum, { error: allowed });

/**
 * An object with no other keys than those of its shape.
 *
 * @param unknownKey What is allowed where a key is not of the shape, if there is more to say than `keys`: those that are.
 */
export function strictObject<Shape extends z.ZodRawShape>(
  shape: Shape,
  allowed: string,
  unknownKey: (key: string, keys: string) => string | undefined = () => undefined,
) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? // One line a key: `issueToProblems` makes a problem of each.
          issue.keys.map((key) => unknownKey(key, keys) ?? keys).join("\n")
        : allowed,
  });
}

/** The message of a discriminated union: what belongs there, or where an object is there, which kinds of it there are. */
export const noSuchKind =
  (whole: string, kinds: readonly string[]) =>
  ({ input }: { readonly input?: unknown }): string =>
    typeof input === "object" && input !== null && !Array.isArray(input)
      ? `one of ${kinds.join(", ")}`
      : whole;

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}

function issueToProblems(
  issue: z.core.$ZodIssue,
  input: unknown,
  within: readonly PropertyKey[],
  isSecretPlace: SecretPlace,
): Problem[] {
  const path = [...within, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    // The value is not shown: an unknown key may well hold a secret.
    const allowed = issue.message.split("\n");
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      found: "an unknown key",
      allowed: allowed[index] ?? "",
    }));
  }
  if (issue.code === "invalid_union") {
    // Of a plain union (of a string and a list, say), the branch that got furthest is the most useful.
    const [deepest] = [...issue.errors].sort(
      (a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0),
    );
    if (deepest?.some((inner) => inner.path.length > 0)) {
      const at = valueAt(input, issue.path);
      return deepest.flatMap((inner) => issueToProblems(inner, at, path, isSecretPlace));
    }
  }
  const value = valueAt(input, issue.path);
  const hidden = typeof value === "string" && isSecretPlace(path);
  return [{ path, found: hidden ? showKind(value) : show(value), allowed: issue.message }];
}

/** Whether a string at a path may be a secret by mistake, so that messages must not show it. */
export type SecretPlace = (path: readonly PropertyKey[]) => boolean;

/** Everything that a schema finds wrong with a value, with paths below `path`; empty where it finds nothing. */
export function schemaProblems(
  schema: z.ZodType,
  input: unknown,
  path: readonly PropertyKey[] = [],
  isSecretPlace: SecretPlace = () => false,
): Problem[] {
  const parsed = schema.safeParse(input);
  if (parsed.success) return [];
  const problems = parsed.error.issues.flatMap((issue) =>
    issueToProblems(issue, input, path, isSecretPlace),
  );
  // Two checks of one field may say the same.
  const lines = problems.map((problem) => JSON.stringify(problem));
  return problems.filter((_, index) => lines.indexOf(lines[index]!) === index);
}
