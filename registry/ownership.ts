import type { Environment } from "../ecr/environment";
import { mostSpecificPrefix, normalizePrefix } from "../ecr/prefix";

/** Which repositories of a registry are an environment's. */
export interface Ownership {
  /** The prefixes of the environment's own rules. */
  readonly own: readonly string[];
  /** Prefixes of others in the same registry. A repository belongs to the longest prefix that covers it. */
  readonly others: readonly string[];
}

/**
 * An environment's share of the registry that its account has in a region.
 *
 * @param environments All environments, so that what belongs to another one is left to it.
 * @param rulePrefixes The prefixes of the rules that exist there, whoever made them.
 */
export function ownershipOf(
  environment: Environment,
  region: string,
  environments: readonly Environment[],
  rulePrefixes: readonly string[] = [],
): Ownership {
  const own = environment.rules.map(({ prefix }) => prefix);
  const neighbours = environments.filter(
    ({ name, account, regions }) =>
      name !== environment.name && account === environment.account && regions.includes(region),
  );
  const others = [
    ...neighbours.flatMap(({ rules }) => rules.map(({ prefix }) => prefix)),
    ...rulePrefixes.map(normalizePrefix),
  ].filter((prefix) => !own.includes(prefix));
  return { own, others: [...new Set(others)] };
}

/** The environment's prefix that a repository belongs to; undefined if it is not the environment's. */
export function ownPrefixOf(ownership: Ownership, repository: string): string | undefined {
  const prefix = mostSpecificPrefix([...ownership.own, ...ownership.others], repository);
  return prefix !== undefined && ownership.own.includes(prefix) ? prefix : undefined;
}
