import {
  type ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
  paginateDescribePullThroughCacheRules,
  paginateDescribeRepositoryCreationTemplates,
  type PullThroughCacheRule,
  type RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";
import type { Environment } from "../ecr/environment";
import { declaredPrefixes } from "../ecr/environment/declared-prefixes";
import { normalizePrefix } from "../ecr/prefix";
import { isException } from "./aws/errors";
import { type Ownership, ownershipOf } from "./ownership";

/*
 * What a registry has, page by page.
 */

/** Every cache rule of a registry. */
export async function existingRules(client: ECRClient): Promise<PullThroughCacheRule[]> {
  const rules: PullThroughCacheRule[] = [];
  for await (const page of paginateDescribePullThroughCacheRules({ client }, {})) {
    rules.push(...(page.pullThroughCacheRules ?? []));
  }
  return rules;
}

/** The prefixes of all cache rules that exist in a registry. */
export async function rulePrefixes(client: ECRClient): Promise<string[]> {
  const rules = await existingRules(client);
  return rules.map(({ ecrRepositoryPrefix = "" }) => normalizePrefix(ecrRepositoryPrefix));
}

/** Every repository creation template of a registry. */
export async function existingTemplates(client: ECRClient): Promise<RepositoryCreationTemplate[]> {
  const templates: RepositoryCreationTemplate[] = [];
  for await (const page of paginateDescribeRepositoryCreationTemplates({ client }, {})) {
    templates.push(...(page.repositoryCreationTemplates ?? []));
  }
  return templates;
}

/** An environment's share of the registry of a region, by what is declared and what exists. */
export async function readOwnership(
  client: ECRClient,
  environment: Environment,
  region: string,
  environments: readonly Environment[],
): Promise<Ownership> {
  return ownershipOf(
    declaredPrefixes(environment, region, environments),
    await rulePrefixes(client),
  );
}

/** The text of a repository's policy; null if it has none. */
export async function repositoryPolicyText(
  client: ECRClient,
  repositoryName: string,
): Promise<string | null> {
  try {
    const answer = await client.send(new GetRepositoryPolicyCommand({ repositoryName }));
    return answer.policyText ?? null;
  } catch (error) {
    if (isException(error, "RepositoryPolicyNotFoundException")) return null;
    throw error;
  }
}

/** The lifecycle policy of a repository; null if it has none, undefined if there is no such repository. */
export async function lifecyclePolicyText(
  client: ECRClient,
  repositoryName: string,
): Promise<string | null | undefined> {
  try {
    const found = await client.send(new GetLifecyclePolicyCommand({ repositoryName }));
    return found.lifecyclePolicyText ?? null;
  } catch (error) {
    if (isException(error, "LifecyclePolicyNotFoundException")) return null;
    if (isException(error, "RepositoryNotFoundException")) return undefined;
    throw error;
  }
}

/** The tags of a repository. */
export async function resourceTags(
  client: ECRClient,
  resourceArn: string,
): Promise<ReadonlyMap<string, string>> {
  const { tags = [] } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
  return new Map(tags.flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? ""]])));
}
