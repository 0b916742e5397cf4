import { registryHost } from "./region";

/** The prefix of the rule, or of the creation template, for all repositories that no other one covers. */
export const ROOT = "ROOT";

/** The start of the names of a rule's cached images: the registry and, unless it is `ROOT`, the prefix. */
export function pullUriBase(account: string, region: string, prefix: string): string {
  const host = registryHost(account, region);
  return prefix === ROOT ? host : `${host}/${prefix}`;
}

/*
 * Repository prefixes as ECR matches them, in cache rules and in creation templates alike.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
 */

/** A prefix without the slash at its end, which ECR implies. */
export function normalizePrefix(prefix: string): string {
  return prefix.replace(/\/$/, "");
}

/** Whether a repository's name begins with a prefix and a slash; every name does with `ROOT`. */
export function prefixCovers(prefix: string, repository: string): boolean {
  return prefix === ROOT || repository.startsWith(`${normalizePrefix(prefix)}/`);
}

/** The longest of the prefixes that cover a repository, as ECR chooses; undefined if none does. */
export function mostSpecificPrefix(
  prefixes: Iterable<string>,
  repository: string,
): string | undefined {
  const length = (prefix: string) => (prefix === ROOT ? 0 : normalizePrefix(prefix).length);
  let found: string | undefined;
  for (const prefix of prefixes) {
    if (!prefixCovers(prefix, repository)) continue;
    if (found === undefined || length(prefix) > length(found)) found = prefix;
  }
  return found;
}
