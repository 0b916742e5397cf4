import {
  type ECRClient,
  paginateDescribePullThroughCacheRules,
  paginateDescribeRepositoryCreationTemplates,
  type PullThroughCacheRule,
  type RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";
import { normalizePrefix } from "../ecr/prefix";

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

/** The prefixes of the cache rules that exist in a registry, whoever created them. */
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
