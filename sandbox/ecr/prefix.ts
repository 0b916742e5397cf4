import { constrain } from "./exceptions";

/** The prefix for everything that no other one covers. */
export const ROOT = "ROOT";

/**
 * Source: `ecrRepositoryPrefix` in the API reference of CreatePullThroughCacheRule, and `prefix` in that of
 * CreateRepositoryCreationTemplate.
 */
const PREFIX =
  /^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?|ROOT)$/;

/** Checks the prefix of a rule or an upstream by the API's grammar. */
export function constrainRulePrefix(prefix: string | undefined, parameter: string): void {
  constrain(prefix, parameter, { min: 2, max: 30, pattern: PREFIX });
}

/** Checks the prefix of a creation template by the API's grammar. */
export function constrainTemplatePrefix(prefix: string): void {
  constrain(prefix, "prefix", { min: 1, max: 256, pattern: PREFIX });
}

/** A prefix without the slash that may end it: `a` and `a/` are one. */
export function barePrefix(prefix: string): string {
  return prefix.replace(/\/$/, "");
}

/** What is left of a name below a prefix; undefined where the prefix does not cover it. A slash is implied. */
export function below(prefix: string, name: string): string | undefined {
  if (prefix === ROOT) return name;
  const start = `${barePrefix(prefix)}/`;
  return name.startsWith(start) && name.length > start.length
    ? name.slice(start.length)
    : undefined;
}

/**
 * The entry with the longest prefix that covers a name; `ROOT` where no other does.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
 */
export function mostSpecific<Entry>(
  entries: Iterable<Entry>,
  prefixOf: (entry: Entry) => string,
  name: string,
): Entry | undefined {
  const depth = (entry: Entry) => {
    const prefix = prefixOf(entry);
    return prefix === ROOT ? 0 : barePrefix(prefix).length;
  };
  return [...entries]
    .filter((entry) => below(prefixOf(entry), name) !== undefined)
    .sort((left, right) => depth(right) - depth(left))[0];
}
