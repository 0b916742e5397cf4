import { accountsWithAccess, type Environment, type Rule } from "../environment/model";
import { allowedRepositories } from "../only";
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
 * Who may pull through the cache: roles of this account and of consumers, and other accounts.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
 */

/** The actions that pull an image which the cache holds. */
export const PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] as const;
/** The actions that make ECR import an image which the cache does not hold yet. */
export const CACHE_ACTIONS = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"] as const;

/** The ARN of a repository in a region, or of those that a pattern matches. */
export function repositoryArn(
  { account }: Pick<Environment, "account">,
  region: string,
  name: string,
): string {
  return `arn:${partitionOf(region)}:ecr:${region}:${account}:repository/${name}`;
}

/** The ARN of every repository that a rule's prefix covers in a region. */
export function repositoriesArn(
  environment: Pick<Environment, "account">,
  region: string,
  prefix: string,
): string {
  return repositoryArn(environment, region, prefix === ROOT ? "*" : `${prefix}/*`);
}

/** The ARNs of the repositories of a rule that may be pulled in a region: all, or those of its `only`. */
export function pulledRepositories(
  environment: Pick<Environment, "account">,
  region: string,
  rule: Pick<Rule, "prefix" | "only">,
): string[] {
  return allowedRepositories(rule).map((name) => repositoryArn(environment, region, name));
}

/** The ARNs of all repositories of some rules of an environment. */
export function cachedRepositories(environment: Environment, rules: readonly Rule[]): string[] {
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
 * The policies for roles that pull, whatever their account: as many as are needed to keep each within IAM's limit. The first one also allows
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
  const arns = environment.regions.flatMap((region) =>
    environment.rules.flatMap((rule) => pulledRepositories(environment, region, rule)),
  );
  for (const arn of arns) {
    if (formatPolicy(policyOf([...resources, arn])).length > MAX_MANAGED_POLICY_LENGTH) {
      policies.push(policyOf(resources));
      resources = [];
    }
    resources.push(arn);
  }
  policies.push(policyOf(resources));
  return policies;
}

/** Principals outside the account that may pull. Each way to name them takes a statement of its own; these are its parts. */
interface Others {
  /** What the statement's id ends with. */
  readonly suffix: string;
  readonly Principal: NonNullable<PolicyStatement["Principal"]> | "*";
  readonly Condition?: PolicyStatement["Condition"];
  /** Whether the registry policy lets them read images too, which covers repositories that exist already. */
  readonly readsByRegistry: boolean;
}

/**
 * Who may pull from elsewhere.
 *
 * Source of the conditions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
function othersOf(environment: Pick<Environment, "access">, region: string): Others[] {
  const { organizations, organizationPaths } = environment.access;
  const accounts = accountsWithAccess(environment);
  const others: (Others | false)[] = [
    accounts.length > 0 && {
      suffix: "",
      Principal: { AWS: accounts.map((id) => `arn:${partitionOf(region)}:iam::${id}:root`) },
      readsByRegistry: false,
    },
    organizations.length > 0 && {
      suffix: "Organizations",
      Principal: "*",
      Condition: { StringEquals: { "aws:PrincipalOrgID": [...organizations] } },
      readsByRegistry: true,
    },
    organizationPaths.length > 0 && {
      suffix: "OrganizationPaths",
      Principal: "*",
      // A principal is at one path, but the key has a list of values.
      Condition: {
        "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": [...organizationPaths] },
      },
      readsByRegistry: true,
    },
  ];
  return others.filter((one) => one !== false);
}

/** The ids of our statements in the registry policy, which distinguish them from those of others. */
export const REGISTRY_STATEMENT_IDS = ["", "Organizations", "OrganizationPaths"].map(
  (suffix) => `FillPullThroughCache${suffix}`,
);

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
 * The registry policy: the statements that let others fill the cache, then those of `access.registryStatements`; undefined
 * where there are none.
 */
export function registryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument<RegistryStatement> | undefined {
  const Resource = environment.rules.flatMap((rule) =>
    pulledRepositories(environment, region, rule),
  );
  const own = othersOf(environment, region).map(
    ({ suffix, Principal, Condition, readsByRegistry }): RegistryStatement => ({
      Sid: `FillPullThroughCache${suffix}`,
      Effect: "Allow",
      Principal,
      Action: [...(readsByRegistry ? PULL_ACTIONS : []), ...CACHE_ACTIONS],
      Resource,
      ...(Condition && { Condition }),
    }),
  );
  const statements = [...own, ...registryStatementsIn(environment, region)];
  return statements.length === 0 ? undefined : policyDocument(...statements);
}

/** The start of our statement ids in the policy of a cached repository, by which reconciling recognizes them. */
export const REPOSITORY_STATEMENT_ID = "PullFromCache";

/** The policy of every cached repository that lets others pull from it; undefined without others. */
export function repositoryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument<RegistryStatement> | undefined {
  const statements = othersOf(environment, region).map(
    ({ suffix, Principal, Condition }): RegistryStatement => ({
      Sid: `${REPOSITORY_STATEMENT_ID}${suffix}`,
      Effect: "Allow",
      Principal,
      Action: [...PULL_ACTIONS],
      ...(Condition && { Condition }),
    }),
  );
  return statements.length === 0 ? undefined : policyDocument(...statements);
}
