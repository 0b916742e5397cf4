import {
  ECRClient,
  paginateDescribePullThroughCacheRules,
  paginateDescribeRepositories,
  paginateDescribeRepositoryCreationTemplates,
  type PullThroughCacheRule,
  type Repository,
  type RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";
import { GetPolicyCommand, GetPolicyVersionCommand, IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Sandbox } from "../../sandbox/sandbox";

const credentials = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };

/** ECR as the sandbox has it in a region. */
export const ecrOf = (sandbox: Sandbox, region: string) =>
  new ECRClient({ endpoint: sandbox.url, region, credentials });

export const secretsOf = (sandbox: Sandbox, region: string) =>
  new SecretsManagerClient({ endpoint: sandbox.url, region, credentials });

export const iamOf = (sandbox: Sandbox) =>
  new IAMClient({ endpoint: sandbox.url, region: "us-east-1", credentials });

/** What all pages of a list have. */
export async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => Item[] = () => [],
) {
  const found: Item[] = [];
  for await (const page of pages) found.push(...items(page));
  return found;
}

export function rulesIn(sandbox: Sandbox, region: string): Promise<PullThroughCacheRule[]> {
  const client = ecrOf(sandbox, region);
  return all(
    paginateDescribePullThroughCacheRules({ client }, {}),
    (page) => page.pullThroughCacheRules ?? [],
  );
}

export function templatesIn(
  sandbox: Sandbox,
  region: string,
): Promise<RepositoryCreationTemplate[]> {
  const client = ecrOf(sandbox, region);
  return all(
    paginateDescribeRepositoryCreationTemplates({ client }, {}),
    (page) => page.repositoryCreationTemplates ?? [],
  );
}

export function repositoriesIn(sandbox: Sandbox, region: string): Promise<Repository[]> {
  const client = ecrOf(sandbox, region);
  return all(paginateDescribeRepositories({ client }, {}), (page) => page.repositories ?? []);
}

/** The document of a customer-managed policy. */
export async function managedPolicy(sandbox: Sandbox, arn: string): Promise<unknown> {
  const iam = iamOf(sandbox);
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: arn }));
  const { PolicyVersion } = await iam.send(
    new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy?.DefaultVersionId }),
  );
  return JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? "null"));
}
