import type { Environment } from "../environment/model";
import { ROOT } from "../prefix";
import { AccountArns } from "./account-arns";
import { CACHE_ACTIONS, PULL_ACTIONS, repositoriesArn } from "./cache";
import type { PolicyStatement } from "./document";

/* What the commands of `ecr-cache` call: the one table of it. */

/** What a command of `ecr-cache` calls. */
interface Operation {
  readonly registry?: readonly string[];
  readonly repositories?: readonly string[];
  readonly secrets?: readonly string[];
  readonly iam?: readonly string[];
  readonly keys?: readonly string[];
  readonly topics?: readonly string[];
  readonly other?: readonly string[];
}

const PULL = [...PULL_ACTIONS, ...CACHE_ACTIONS] as const;
/** Whose a repository is depends on the rules that exist. */
const RULES = ["ecr:DescribePullThroughCacheRules"] as const;
/** Whether the caller's pulls keep images from being pruned. */
const PULLS = [...RULES, "ecr:ListPullTimeUpdateExclusions"] as const;
/** Listing what refers to an image, which ECR fetches from the upstream. */
const REFERRERS = ["ecr:BatchGetImage", "ecr:ListImageReferrers"] as const;
const LIFECYCLE_READS = {
  registry: [...RULES, "ecr:DescribeRepositoryCreationTemplates"],
  repositories: [
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
  ],
} as const;

/** What each command calls, options included; `sts:GetCallerIdentity`, which every one calls, needs no permission. */
export const operations = {
  rules: { registry: RULES },
  verify: {
    registry: [
      ...RULES,
      "ecr:DescribeRepositoryCreationTemplates",
      "ecr:GetRegistryPolicy",
      "ecr:GetRegistryScanningConfiguration",
      "ecr:ListPullTimeUpdateExclusions",
      "ecr:ValidatePullThroughCacheRule",
    ],
    repositories: [
      "ecr:DescribeRepositories",
      "ecr:GetRepositoryPolicy",
      "ecr:ListTagsForResource",
      ...PULL,
    ],
    secrets: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
    iam: ["iam:GetRole", "iam:SimulatePrincipalPolicy"],
    keys: ["kms:DescribeKey", "kms:GetKeyPolicy"],
    topics: ["sns:GetTopicAttributes"],
  },
  credentials: {
    registry: ["ecr:ValidatePullThroughCacheRule"],
    secrets: [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
    ],
  },
  images: {
    registry: RULES,
    repositories: [
      ...REFERRERS,
      "ecr:DescribeImages",
      "ecr:DescribeImageScanFindings",
      "ecr:DescribeRepositories",
    ],
  },
  findings: {
    registry: RULES,
    repositories: [
      "ecr:DescribeImages",
      "ecr:DescribeImageScanFindings",
      "ecr:DescribeRepositories",
    ],
  },
  cost: {
    registry: PULLS,
    repositories: ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"],
    other: ["cloudwatch:GetMetricData"],
  },
  warm: { registry: PULLS, repositories: [...PULL, "ecr:ListImageReferrers"] },
  bench: {
    registry: PULLS,
    repositories: [...PULL, "ecr:DescribeImages"],
    secrets: ["secretsmanager:GetSecretValue"],
  },
  refresh: {
    registry: PULLS,
    repositories: [
      ...PULL,
      "ecr:BatchDeleteImage",
      "ecr:DescribeImages",
      "ecr:ListImages",
      "ecr:PutImage",
    ],
    secrets: ["secretsmanager:GetSecretValue"],
  },
  lifecycle: {
    registry: LIFECYCLE_READS.registry,
    repositories: [
      ...LIFECYCLE_READS.repositories,
      "ecr:DeleteLifecyclePolicy",
      "ecr:DeleteRepositoryPolicy",
      "ecr:DescribeImages",
      "ecr:GetLifecyclePolicyPreview",
      "ecr:PutImageTagMutability",
      "ecr:PutLifecyclePolicy",
      "ecr:SetRepositoryPolicy",
      "ecr:StartLifecyclePolicyPreview",
      "ecr:TagResource",
    ],
  },
  prune: {
    registry: RULES,
    repositories: [
      "ecr:BatchDeleteImage",
      "ecr:DescribeImages",
      "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy",
      "ecr:ListTagsForResource",
    ],
  },
  purge: {
    registry: RULES,
    repositories: [
      "ecr:DeleteRepository",
      "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy",
      "ecr:ListTagsForResource",
    ],
  },
} as const satisfies Record<string, Operation>;

export type OperatedCommand = keyof typeof operations;

export const operatedCommands = Object.keys(operations) as OperatedCommand[];

const unique = (actions: readonly string[]) => [...new Set(actions)].sort();

/** The statements of those who run these commands. */
export function operatorStatements(
  environment: Environment,
  commands: readonly OperatedCommand[],
): PolicyStatement[] {
  const arns = new AccountArns(environment);
  const used = commands.map((command): Operation => operations[command]);
  const actions = (kind: keyof Operation) =>
    unique(used.flatMap((operation) => operation[kind] ?? []));
  const repositories = actions("repositories");
  const statement = (Sid: string, Action: readonly string[], Resource: readonly string[]) =>
    Action.length > 0 && Resource.length > 0
      ? [{ Sid, Effect: "Allow" as const, Action, Resource }]
      : [];
  const roles = [
    ...environment.access.roles.map((role) => arns.iam(`role/${role}`)),
    arns.iam("role/aws-service-role/*"),
  ];
  return [
    ...statement("Registry", [...actions("registry"), ...actions("other")], ["*"]),
    ...statement(
      "ListRepositories",
      repositories.filter((action) => action === "ecr:DescribeRepositories"),
      // A list of all repositories is asked for, so none can be left out.
      arns.regions.map((region) => repositoriesArn(environment, region, ROOT)),
    ),
    ...statement(
      "Repositories",
      repositories.filter((action) => action !== "ecr:DescribeRepositories"),
      arns.repositories(),
    ),
    ...statement("Secrets", actions("secrets"), arns.secrets()),
    ...statement("Roles", actions("iam"), roles),
    ...statement("Keys", actions("keys"), arns.keys()),
    ...statement("Topics", actions("topics"), arns.topics()),
  ];
}
