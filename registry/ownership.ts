import type { DeclaredPrefixes } from "../ecr/environment/declared-prefixes";
import { MARKER_TAG } from "../ecr/marker";
import { mostSpecificPrefix, normalizePrefix, ROOT } from "../ecr/prefix";

/*
 * The one answer to whose a repository is, and what proves it: for the commands and for the Lambda.
 */

/** Which repositories of a registry are an environment's. */
export interface Ownership {
  /** The prefixes of the environment's own rules. */
  readonly own: readonly string[];
  /** Prefixes of others in the same registry. A repository belongs to the longest prefix that covers it. */
  readonly others: readonly string[];
}

/**
 * An environment's share of a registry.
 *
 * @param declared What the environments say of the registry, whether it is deployed or not.
 * @param rulePrefixes The prefixes of the rules that exist there, whoever created them.
 */
export function ownershipOf(
  declared: DeclaredPrefixes,
  rulePrefixes: readonly string[],
): Ownership {
  const own = declared.own.map(normalizePrefix);
  const others = [...declared.neighbours, ...rulePrefixes].map(normalizePrefix);
  return { own, others: [...new Set(others)].filter((prefix) => !own.includes(prefix)) };
}

/** The prefix that a repository belongs to, the environment's or another's; undefined if none covers it. */
export function owningPrefix({ own, others }: Ownership, repository: string): string | undefined {
  return mostSpecificPrefix([...own, ...others], repository);
}

/** The environment's prefix that a repository belongs to; undefined if it is not the environment's. */
export function ownPrefixOf(ownership: Ownership, repository: string): string | undefined {
  const prefix = owningPrefix(ownership, repository);
  return prefix !== undefined && ownership.own.includes(prefix) ? prefix : undefined;
}

/**
 * Whether a repository under an own prefix is proven to be the cache's. `ROOT` covers every repository of the registry
 * that has no other rule, also those that no pull has created: of these, only the marker proves it. Whatever changes or
 * deletes on its own initiative leaves the others alone; what is only listed, or named by a user, needs no proof.
 *
 * @param readTags Reads the repository's tags, where they matter.
 */
export async function isProvenOurs(
  prefix: string,
  readTags: () => Promise<ReadonlyMap<string, string>>,
): Promise<boolean> {
  return prefix !== ROOT || (await readTags()).has(MARKER_TAG);
}

/** Why a repository is left alone that is not proven to be the cache's. */
export const NOT_PROVEN = `only ROOT covers it, and it lacks the tag ${MARKER_TAG}, which would prove that it is the cache's`;
