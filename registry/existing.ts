import {
  type ECRClient,
  paginateDescribePullThroughCacheRules,
  paginateDescribeRepositoryCreationTemplates,
  type PullThroughCacheRule,
  type RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";

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

/** Every repository creation template of a registry. */
export async function existingTemplates(client: ECRClient): Promise<RepositoryCreationTemplate[]> {
  const templates: RepositoryCreationTemplate[] = [];
  for await (const page of paginateDescribeRepositoryCreationTemplates({ client }, {})) {
    templates.push(...(page.repositoryCreationTemplates ?? []));
  }
  return templates;
}
