import type { Environment, Rule } from "./environment/model";
import { ROOT } from "./prefix";
import { parseRegistryHost, partitionOf } from "./region";

/*
 * Who may do what, as policy documents: the one place where permissions are written down.
 *
 * Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html,
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html,
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-iam.html
 */

/** Characters in a customer-managed policy, white space not counted (IAM quotas). */
export const MAX_MANAGED_POLICY_LENGTH = 6_144;
/** Characters in a registry policy (ECR API, `PutRegistryPolicy`). */
export const MAX_REGISTRY_POLICY_LENGTH = 10_240;

/** Characters in all policies that are part of a role, white space not counted (IAM quotas). */
export const MAX_ROLE_POLICY_LENGTH = 10_240;

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: "Allow";
  readonly Principal?: Readonly<Partial<Record<"AWS" | "Service", string | readonly string[]>>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/** A policy as the text that goes to AWS. */
export function formatPolicy(policy: PolicyDocument): string {
  return JSON.stringify(policy);
}

const document = (...Statement: PolicyStatement[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement,
});

/** What pulls an image that the cache holds. */
export const PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] as const;
/** What makes the cache fetch an image that it does not hold yet. */
export const CACHE_ACTIONS = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"] as const;

type Registry = Pick<Environment, "account">;

/** The ARN of every repository that a rule's prefix covers in a region. */
export function repositoriesArn(environment: Registry, region: string, prefix: string): string {
  const below = prefix === ROOT ? "*" : `${prefix}/*`;
  return `arn:${partitionOf(region)}:ecr:${region}:${environment.account}:repository/${below}`;
}

function cachedRepositories(
  environment: Environment,
  rules: readonly Rule[] = environment.rules,
): string[] {
  return environment.regions.flatMap((region) =>
    rules.map((rule) => repositoriesArn(environment, region, rule.prefix)),
  );
}

const GET_TOKEN: PolicyStatement = {
  Sid: "GetToken",
  Effect: "Allow",
  Action: "ecr:GetAuthorizationToken",
  // This action has no resource to scope it to.
  Resource: "*",
};

/**
 * The policies for those who pull: as many as are needed to keep each within IAM's limit, the first with the right to
 * a token.
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
    policies.length === 0 ? document(GET_TOKEN, statement(within)) : document(statement(within));
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

/** The registry policy that lets other accounts fill the cache; undefined where there are none. */
export function registryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument | undefined {
  if (environment.access.accounts.length === 0) return undefined;
  return document({
    Sid: "FillPullThroughCache",
    Effect: "Allow",
    Principal: { AWS: accountRoots(environment, region) },
    Action: [...CACHE_ACTIONS],
    Resource: environment.rules.map((rule) => repositoriesArn(environment, region, rule.prefix)),
  });
}

/** The policy of every cached repository that lets other accounts pull from it; undefined where there are none. */
export function repositoryPolicy(
  environment: Environment,
  region: string,
): PolicyDocument | undefined {
  if (environment.access.accounts.length === 0) return undefined;
  return document({
    Sid: "PullFromCache",
    Effect: "Allow",
    Principal: { AWS: accountRoots(environment, region) },
    Action: [...PULL_ACTIONS],
  });
}

const trust = (service: string): PolicyDocument =>
  document({ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" });

/** Whether ECR needs a role of ours to make the repositories of a rule: with tags or a KMS key, and only then. */
export function needsTemplateRole(environment: Environment, rule: Rule): boolean {
  return Object.keys(environment.tags).length > 0 || rule.encryption.type === "KMS";
}

/** The trust of the role that creation templates use. */
export const TEMPLATE_ROLE_TRUST: PolicyDocument = trust("ecr.amazonaws.com");

/** What the role that creation templates use may do; undefined where no rule needs the role. */
export function templateRolePolicy(environment: Environment): PolicyDocument | undefined {
  const rules = environment.rules.filter((rule) => needsTemplateRole(environment, rule));
  if (rules.length === 0) return undefined;
  const keys = rules.flatMap(({ encryption }) =>
    encryption.type === "KMS" ? Object.values(encryption.kmsKeys) : [],
  );
  const statements: PolicyStatement[] = [
    {
      Sid: "CreateRepositories",
      Effect: "Allow",
      Action: ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
      Resource: cachedRepositories(environment, rules),
    },
  ];
  if (keys.length > 0) {
    statements.push({
      Sid: "EncryptRepositories",
      Effect: "Allow",
      Action: ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
      Resource: [...new Set(keys)],
    });
  }
  return document(...statements);
}

/** The trust of the role that ECR uses to pull from another account's registry. */
export const UPSTREAM_ROLE_TRUST: PolicyDocument = trust("pullthroughcache.ecr.amazonaws.com");

/** Whether a rule's upstream is the registry of another account, for which ECR needs a role. */
export function needsUpstreamRole(environment: Registry, rule: Rule): boolean {
  if (rule.upstream !== "ecr") return false;
  return parseRegistryHost(rule.upstreamUrl)?.account !== environment.account;
}

/**
 * What the role that ECR uses to pull from another account's registry may do. The other account must let this one in
 * too (docs/upstreams.md has the policy).
 */
export function upstreamRolePolicy(environment: Environment, rule: Rule): PolicyDocument {
  const registry = parseRegistryHost(rule.upstreamUrl);
  const upstream = repositoriesArn(
    { account: registry?.account ?? "" },
    registry?.region ?? "",
    rule.upstreamPrefix ?? ROOT,
  );
  const cached = cachedRepositories(environment, [rule]);
  return document(
    GET_TOKEN,
    {
      Sid: "ReadUpstream",
      Effect: "Allow",
      Action: [
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetImageCopyStatus",
      ],
      Resource: [upstream, ...cached],
    },
    {
      Sid: "WriteCache",
      Effect: "Allow",
      Action: [
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      Resource: cached,
    },
  );
}

/** What another account's registry must grant this one to be its upstream: a statement for its repository policies. */
export function upstreamGrant(environment: Registry, region: string): PolicyDocument {
  return document({
    Sid: "PullThroughCacheUpstream",
    Effect: "Allow",
    Principal: { AWS: `arn:${partitionOf(region)}:iam::${environment.account}:root` },
    Action: [
      "ecr:BatchGetImage",
      "ecr:BatchImportUpstreamImage",
      "ecr:GetDownloadUrlForLayer",
      "ecr:GetImageCopyStatus",
    ],
  });
}
