import {
  DeleteRepositoryCommand,
  type ECRClient,
  GetLifecyclePolicyCommand,
} from "@aws-sdk/client-ecr";
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
import { resourceTags, rulePrefixes } from "../../registry/existing";

/*
 * What a cache leaves behind: the repositories that pulls have made. Terraform knows nothing of them, so they stay, and
 * cost money, when the rules are gone.
 */

/** DeleteRepository calls under way at a time; AWS publishes no rate for it. */
const CONCURRENCY = 5;

/** A repository that the cache has left, and what becomes of it. */
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
  /** The environment's prefixes whose rules still exist, so that pulls make repositories anew. */
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
  const policy = await lifecyclePolicyOf(ecr, name);
  const hasTemplatePolicy =
    policy !== undefined &&
    normalLifecyclePolicy(policy) ===
      normalLifecyclePolicy(formatLifecyclePolicy(rule.lifecyclePolicy));
  return isCreatedByCache(tags, { ...evidence, hasTemplatePolicy });
}

async function lifecyclePolicyOf(
  ecr: ECRClient,
  repositoryName: string,
): Promise<string | undefined> {
  try {
    const found = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
    return found.lifecyclePolicyText;
  } catch (error) {
    if (isException(error, "LifecyclePolicyNotFoundException")) return undefined;
    if (isException(error, "RepositoryNotFoundException")) return undefined;
    throw error;
  }
}

/**
 * Finds what a cache has left in a region. What another environment, or a rule of somebody else's, has a more specific
 * prefix for is not among it.
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

/** Deletes the repositories that were found, with all their images. One that fails keeps no other from being deleted. */
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
