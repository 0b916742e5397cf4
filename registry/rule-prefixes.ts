import { normalizePrefix } from "../ecr/prefix";
import type { EcrCalls } from "./aws/ecr-calls";

/** The prefixes of the cache rules that exist in a registry, whoever made them. */
export async function rulePrefixes(
  ecr: Pick<EcrCalls, "describePullThroughCacheRules">,
): Promise<string[]> {
  const prefixes: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.describePullThroughCacheRules({ nextToken });
    for (const { ecrRepositoryPrefix = "" } of page.pullThroughCacheRules ?? []) {
      prefixes.push(normalizePrefix(ecrRepositoryPrefix));
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return prefixes;
}
