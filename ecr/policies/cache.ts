import type { Environment, Rule } from "../environment/model";
import { ROOT } from "../prefix";
import { partitionOf } from "../region";
import {
  formatPolicy,
  MAX_MANAGED_POLICY_LENGTH,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
  type RegistryStatement,
} from "./document";

/*
 * Who may pull through the cache: roles of this account, and other accounts.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
 */

/** The actions that pull an image which the cache holds. */
export const PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] as const;
/** The actions that make ECR import an image which the cache does not hold yet. */
export const CACHE_ACTIONS = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"] as const;

/** The ARN of every repository that a rule's prefix covers in a region. */
export function repositoriesArn(
  environment: Pick<Environment, "account">,
  region: string,
  prefix: string,
): string {
  const below = prefix === ROOT ? "*" : `${prefix}/*`;
  return `arn:${partitionOf(region)}:ecr:${region}:${environment.account}:repository/${below}`;
}

/** The ARNs of all repositories of an environment, or of some of its rules. */
export function cachedRepositories(
  environment: Environment,
  rules: readonly Rule[] = environment.rules,
): string[] {
  return environment.regions.flatMap((region) =>
    rules.map((rule) => repositoriesArn(environment, region, rule.prefix)),
  );
}

export const GET_TOKEN: PolicyStatement = {
  Sid: "GetToken",
  Effect: "Allow",
  Action: "ecr:GetAuthorizationToken",
  // This action has no resource to scope it to.
  Resource: "*",
};

/**
 * The policies for roles that pull: as many as are needed to keep each within IAM's limit. The first one also allows
 * `ecr:GetAuthorizationToken`.
 */
export function pullerPolicies(environment: Environment): PolicyDocument[] {
  const statement = (Resource: readonly string[]): PolicyStatement => ({
    Sid: "PullThroughCache",
    Effect: "Allow",
    Action: [...PULL_ACTIONS, ...CACHE_ACTIONS],
    Resource,
  });
  const policies: PolicyDocument[] = [];
  let resources: string[] = [];
  const policyOf = (within: readonly string[]) =>
    policies.length === 0
      ? policyDocument(GET_TOKEN, statement(within))
      : policyDocument(statement(within));
  for (const arn of cachedRepositories(environment)) {
    if (formatPolicy(policyOf([...resources, arn])).length > MAX_MANAGED_POLICY_LENGTH) {
      policies.push(policyOf(resources));
      resources = [];
    }
    resources.push(arn);
  }
  policies.push(policyOf(resources));
  return policies;
}

const accountRoots = (environment: Environment, region: string): string[] =>
  environment.access.accounts.map((id) => `arn:${partitionOf(region)}:iam::${id}:root`);

/** The id of our statement in the registry policy, which tells it from those of others. */
export const REGISTRY_STATEMENT_ID = "FillPullThroughCache";

const REGISTRY_RESOURCE = /^arn:[^:]*:ecr:([^:]*):/;

/** The statements of `access.registryStatements` in a region: those whose resources are in it, or in every region. */
export function registryStatementsIn(
  { access }: Pick<Environment, "access">,
  region: string,
): readonly RegistryStatement[] {
  const isOfRegion = (resource: string) => {
    const named = REGISTRY_RESOURCE.exec(resource)?.[1] ?? "*";
    return named === region || /[*?]/.test(named);
  };
  return (access.registryStatements ?? []).filter(
    ({ Resource }) => Resource === undefined || [Resource].flat().some(isOfRegion),
  );
}

/**
 * The registry policy: the statement that lets other accounts fill the cache, then those of `access.registryStatements`;
 * undefined where there are none.
 */
export function registryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument<RegistryStatement> | undefined {
  const own: PolicyStatement[] =
    environment.access.accounts.length === 0
      ? []
      : [
          {
            Sid: REGISTRY_STATEMENT_ID,
            Effect: "Allow",
            Principal: { AWS: accountRoots(environment, region) },
            Action: [...CACHE_ACTIONS],
            Resource: environment.rules.map((rule) =>
              repositoriesArn(environment, region, rule.prefix),
            ),
          },
        ];
  const statements = [...own, ...registryStatementsIn(environment, region)];
  return statements.length === 0 ? undefined : policyDocument(...statements);
}

/** The statement id in the policy of a cached repository, by which reconciling knows what is ours. */
export const REPOSITORY_STATEMENT_ID = "PullFromCache";

/** The policy of every cached repository that lets other accounts pull from it; undefined without other accounts. */
export function repositoryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument | undefined {
  if (environment.access.accounts.length === 0) return undefined;
  return policyDocument({
    Sid: REPOSITORY_STATEMENT_ID,
    Effect: "Allow",
    Principal: { AWS: accountRoots(environment, region) },
    Action: [...PULL_ACTIONS],
  });
}
