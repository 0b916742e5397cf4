import { DeleteRepositoryCommand, type ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { isCallError, isException } from "../../registry/aws/errors";
import { mapAll, mapConcurrently } from "../../registry/aws/map-concurrently";
import { ownedRepositories } from "../../registry/listing";
import { isProvenOurs, NOT_PROVEN, ownershipOf } from "../../registry/ownership";
import type { ExplainError } from "../../registry/pull";
import { resourceTags, rulePrefixes } from "../../registry/existing";

/*
 * What a cache leaves behind: the repositories that pulls have made. Terraform knows nothing of them, so they stay, and
 * cost money, when the rules are gone.
 */

/** DeleteRepository calls under way at a time; AWS publishes no rate for it. */
const CONCURRENCY = 5;

/** A repository that the cache has left, and what becomes of it. */
export interface LeftRepository {
  readonly repository: string;
  readonly prefix: string;
  readonly createdAt: Date | undefined;
  /** `kept`: only `ROOT` covers it, and nothing shows that it is the cache's. */
  readonly status: "found" | "kept" | "deleted" | "failed";
  /** Why it was kept, or could not be deleted. */
  readonly reason: string | null;
}

export interface Leftovers {
  /** The environment's prefixes whose rules still exist, so that pulls make repositories anew. */
  readonly rules: readonly string[];
  readonly repositories: readonly LeftRepository[];
}

/**
 * Finds what a cache has left in a region. What another environment, or a rule of somebody else's, has a more specific
 * prefix for is not among it.
 */
export async function findLeftovers(
  ecr: ECRClient,
  environment: Environment,
  region: string,
  environments: readonly Environment[],
): Promise<Leftovers> {
  const existing = await rulePrefixes(ecr);
  const ownership = ownershipOf(declaredPrefixes(environment, region, environments), existing);
  // What its templates give to repositories; after `destroy` there are none to read.
  const templateTags = new Map(Object.entries(environment.tags));
  const found = mapConcurrently(
    ownedRepositories(ecr, ownership),
    CONCURRENCY,
    async ({ name, prefix, arn, createdAt }): Promise<LeftRepository> => {
      const isOurs = await isProvenOurs(prefix, () => resourceTags(ecr, arn), {
        templateTags,
        createdAt,
      });
      return {
        repository: name,
        prefix,
        createdAt,
        status: isOurs ? "found" : "kept",
        reason: isOurs ? null : `${NOT_PROVEN}; delete it yourself if it did`,
      };
    },
  );
  const repositories: LeftRepository[] = [];
  for await (const one of found) repositories.push(one);
  return {
    rules: ownership.own.filter((prefix) => existing.includes(prefix)),
    repositories: repositories.sort((a, b) => (a.repository < b.repository ? -1 : 1)),
  };
}

/** Deletes the repositories that were found, with all their images. One that fails keeps no other from being deleted. */
export async function deleteLeftovers(
  ecr: ECRClient,
  repositories: readonly LeftRepository[],
  explain: ExplainError,
  onDone?: (done: number) => void,
): Promise<LeftRepository[]> {
  let done = 0;
  return await mapAll(repositories, CONCURRENCY, async (one): Promise<LeftRepository> => {
    if (one.status !== "found") return one;
    const problem = await deleteRepository(ecr, one.repository, explain);
    onDone?.((done += 1));
    return {
      ...one,
      status: problem === undefined ? "deleted" : "failed",
      reason: problem ?? null,
    };
  });
}

async function deleteRepository(
  ecr: ECRClient,
  repositoryName: string,
  explain: ExplainError,
): Promise<string | undefined> {
  try {
    await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
    return undefined;
  } catch (error) {
    if (isException(error, "RepositoryNotFoundException")) return undefined;
    if (!isCallError(error)) throw error;
    return explain(error);
  }
}
