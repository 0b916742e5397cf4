import type { Environment } from "./model";

/** The prefixes that environments declare for the registry of an account and region. */
export interface DeclaredPrefixes {
  /** Those of one environment. */
  readonly own: readonly string[];
  /** Those of the others, and of the others that were in the region before. */
  readonly neighbours: readonly string[];
}

const prefixesOf = (environments: readonly Environment[]) =>
  environments.flatMap(({ rules }) => rules.map(({ prefix }) => prefix));

/**
 * What an environment and its neighbours declare for the registry that its account has in a region. In a region that the
 * environment has left (`formerRegions`), a prefix that another one has there now is that one's.
 *
 * @param environments All environments.
 */
export function declaredPrefixes(
  environment: Environment,
  region: string,
  environments: readonly Environment[],
): DeclaredPrefixes {
  const others = environments.filter(
    ({ name, account }) => name !== environment.name && account === environment.account,
  );
  const present = prefixesOf(others.filter(({ regions }) => regions.includes(region)));
  const past = prefixesOf(others.filter(({ formerRegions }) => formerRegions.includes(region)));
  const hasLeft = !environment.regions.includes(region);
  const own = prefixesOf([environment]).filter((prefix) => !hasLeft || !present.includes(prefix));
  return {
    own,
    neighbours: [...new Set([...present, ...past])].filter((prefix) => !own.includes(prefix)),
  };
}
