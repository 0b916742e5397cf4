import { DeleteRepositoryCommand, type ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { ROOT } from "../../ecr/prefix";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { isCallError, isException } from "../../registry/aws/errors";
import { mapAll, mapConcurrently } from "../../registry/aws/map-concurrently";
import { ownedRepositories } from "../../registry/listing";
import { isCacheOrigin } from "../../registry/origin";
import { ownershipOf, whyImagesStay } from "../../registry/ownership";
import type { ExplainError } from "../../registry/pull";
import { rulePrefixes } from "../../registry/existing";

/*
 * The repositories that pulls created and Terraform does not manage: they remain, and cost money, after the rules are
 * deleted.
 */

/** Repositories read or deleted at a time; AWS publishes no rate for DeleteRepository. */
const CONCURRENCY = 5;

/** A repository that the cache has left, and what was done with it. */
export interface LeftRepository {
  readonly region: string;
  readonly repository: string;
  readonly prefix: string;
  readonly createdAt: Date | undefined;
  /** `kept`: nothing proves that the cache created it. */
  readonly status: "found" | "kept" | "deleted" | "failed";
  /** Why it was kept, or could not be deleted. */
  readonly reason: string | null;
}

export interface Leftovers {
  /** The environment's prefixes whose rules still exist, so that pulls create repositories again. */
  readonly rules: readonly string[];
  readonly repositories: readonly LeftRepository[];
}

/** Why a repository is kept, and what to do about it. */
function whyKept(prefix: string): string {
  return `${whyImagesStay(prefix)}${prefix === ROOT ? "; delete it yourself if it did" : ". --include-unproven deletes it"}`;
}

/**
 * Finds the repositories that a cache has left in a region, without those for which another environment or a rule that is
 * not the environment's has a more specific prefix.
 *
 * @param includeUnproven Whether what nothing proves to be the cache's is to be deleted, too. Of what only `ROOT` covers,
 * it never is: that may be any repository of the registry.
 */
export async function findLeftovers(
  ecr: ECRClient,
  environment: Environment,
  region: string,
  environments: readonly Environment[],
  includeUnproven: boolean,
): Promise<Leftovers> {
  const existing = await rulePrefixes(ecr);
  const ownership = ownershipOf(declaredPrefixes(environment, region, environments), existing);
  const found = mapConcurrently(
    ownedRepositories(ecr, ownership),
    CONCURRENCY,
    async (repository): Promise<LeftRepository> => {
      const { name, prefix, createdAt } = repository;
      const isOurs = await isCacheOrigin(ecr, environment, repository);
      const isDeleted = isOurs || (includeUnproven && prefix !== ROOT);
      return {
        region,
        repository: name,
        prefix,
        createdAt,
        status: isDeleted ? "found" : "kept",
        reason: isDeleted ? null : whyKept(prefix),
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

/** Deletes the repositories that were found, with all their images. If one cannot be deleted, the others still are. */
export async function deleteLeftovers(
  ecr: ECRClient,
  repositories: readonly LeftRepository[],
  explain: ExplainError,
  onDone?: () => void,
): Promise<LeftRepository[]> {
  return await mapAll(repositories, CONCURRENCY, async (one): Promise<LeftRepository> => {
    if (one.status !== "found") return one;
    const problem = await deleteRepository(ecr, one.repository, explain);
    onDone?.();
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
