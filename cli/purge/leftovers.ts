import { DeleteRepositoryCommand, type ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { ROOT } from "../../ecr/prefix";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { isCallError, isException } from "../../registry/aws/errors";
import { mapAll, mapConcurrently } from "../../registry/aws/map-concurrently";
import { type OwnedRepository, ownedRepositories } from "../../registry/listing";
import { normalLifecyclePolicy } from "../../registry/policies/meaning";
import { isCreatedByCache, NOT_PROVEN, ownershipOf } from "../../registry/ownership";
import type { ExplainError } from "../../registry/pull";
import { lifecyclePolicyText, resourceTags, rulePrefixes } from "../../registry/existing";

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

/** Why a repository is kept. */
const UNPROVEN =
  "nothing proves that the cache created it, and images may have been pushed to it (docs/maintenance.md, Proof of origin). --include-unproven deletes it";
const UNPROVEN_ROOT = `${NOT_PROVEN}; delete it yourself if it did`;

/**
 * Whether the cache created a repository, by what it has itself: after `destroy` there are no templates to read, but what
 * they gave to repositories follows from the environment.
 */
async function isProven(
  ecr: ECRClient,
  { tags: declared, rules }: Environment,
  { name, prefix, arn, createdAt }: OwnedRepository,
): Promise<boolean> {
  const tags = await resourceTags(ecr, arn);
  const evidence = { templateTags: new Map(Object.entries(declared)), createdAt };
  if (isCreatedByCache(tags, evidence)) return true;
  // A policy such as "keep the last 10 images" is not rare enough to prove anything in the whole registry.
  const rule = rules.find((one) => one.prefix === prefix);
  if (!rule || prefix === ROOT) return false;
  const policy = await lifecyclePolicyText(ecr, name);
  const hasTemplatePolicy =
    typeof policy === "string" &&
    normalLifecyclePolicy(policy) ===
      normalLifecyclePolicy(formatLifecyclePolicy(rule.lifecyclePolicy));
  return isCreatedByCache(tags, { ...evidence, hasTemplatePolicy });
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
    async ({ name, prefix, arn, createdAt }): Promise<LeftRepository> => {
      const isOurs = await isProven(ecr, environment, { name, prefix, arn, createdAt });
      const isDeleted = isOurs || (includeUnproven && prefix !== ROOT);
      return {
        region,
        repository: name,
        prefix,
        createdAt,
        status: isDeleted ? "found" : "kept",
        reason: isDeleted ? null : prefix === ROOT ? UNPROVEN_ROOT : UNPROVEN,
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
