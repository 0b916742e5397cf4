import {
  DeleteRepositoryCommand,
  type ECRClient,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { ROOT } from "../../ecr/prefix";
import { MARKER_TAG } from "../../ecr/marker";
import { isCallError, isException } from "../../registry/aws/errors";
import { mapAll, mapConcurrently } from "../../registry/aws/map-concurrently";
import { type OwnedRepository, ownedRepositories } from "../../registry/listing";
import { ownershipOf } from "../../registry/ownership";
import type { ExplainError } from "../../registry/pull";
import { rulePrefixes } from "../../registry/existing";

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

const NOT_PROVEN =
  "only ROOT covers it, and no note on it shows that it is the cache's; delete it by hand if it is";

/** `ROOT` covers every repository of the registry that has no other rule, also those that no pull has made. */
async function isProven(ecr: ECRClient, { prefix, arn }: OwnedRepository): Promise<boolean> {
  if (prefix !== ROOT) return true;
  const { tags = [] } = await ecr.send(new ListTagsForResourceCommand({ resourceArn: arn }));
  return tags.some(({ Key }) => Key === MARKER_TAG);
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
  const ownership = ownershipOf(environment, region, environments, existing);
  const found = mapConcurrently(
    ownedRepositories(ecr, ownership),
    CONCURRENCY,
    async (repository) => ({
      repository,
      isProven: await isProven(ecr, repository),
    }),
  );
  const repositories: LeftRepository[] = [];
  for await (const { repository, isProven: isOurs } of found) {
    repositories.push({
      repository: repository.name,
      prefix: repository.prefix,
      createdAt: repository.createdAt,
      status: isOurs ? "found" : "kept",
      reason: isOurs ? null : NOT_PROVEN,
    });
  }
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
