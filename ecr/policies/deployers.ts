import { type Consumer, type Environment, hasRegistryPolicy } from "../environment/model";
import {
  deadLetterQueueArn,
  functionArn,
  logGroupName,
  maintenanceName,
  triggerArn,
} from "../maintenance-resources";
import { AccountArns } from "./account-arns";
import type { PolicyStatement } from "./document";

/*
 * What a plan and a deployment of an environment call, as Terraform's AWS provider makes the calls: the one table of it.
 *
 * Source of what an action can be scoped to: https://docs.aws.amazon.com/service-authorization/latest/reference/
 */

/** What may be done with some resources. */
interface Grant {
  readonly sid: string;
  /** Actions of every plan. */
  readonly reads?: readonly string[];
  /** Actions of a deployment, beside those of its plan. */
  readonly writes?: readonly string[];
  /** Actions that AWS checks in a deployment, though nobody calls them. */
  readonly implied?: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: PolicyStatement["Condition"];
}

/** What is done with the policies of those who pull: roles of the environment's account, or of a consumer's. */
function pullerGrants(
  { name }: Environment,
  roles: readonly string[],
  arns: Pick<AccountArns, "iam">,
): Grant[] {
  const policies = arns.iam(`policy/ecr-cache-${name}-*`);
  const pullers = roles.map((role) => arns.iam(`role/${role}`));
  return [
    {
      sid: "PullerPolicies",
      reads: ["iam:GetPolicy", "iam:GetPolicyVersion"],
      writes: [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
        "iam:UntagPolicy",
      ],
      resources: [policies],
    },
    {
      sid: "PullersAttachments",
      reads: ["iam:ListAttachedRolePolicies"],
      resources: pullers,
    },
    {
      sid: "AttachPullerPolicies",
      writes: ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      resources: pullers,
      // Without it, the deployer could attach any policy, AdministratorAccess included.
      condition: { ArnLike: { "iam:PolicyARN": policies } },
    },
  ];
}

function serviceRoleGrants(environment: Environment, arns: AccountArns): Grant[] {
  const { permissionsBoundary, rolePath } = environment;
  const roles = arns.iam(`role${rolePath}ecr-cache-${environment.name}-*`);
  // Without the condition, the deployer could create a role that the boundary does not limit.
  const bounded = permissionsBoundary !== undefined && {
    condition: { StringEquals: { "iam:PermissionsBoundary": permissionsBoundary } },
  };
  return [
    {
      sid: "ServiceRoles",
      reads: [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
      ],
      writes: [
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:ListInstanceProfilesForRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ],
      resources: [roles],
    },
    {
      sid: "CreateServiceRoles",
      writes: [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        ...(bounded ? ["iam:PutRolePermissionsBoundary"] : []),
      ],
      resources: [roles],
      ...bounded,
    },
    {
      sid: "PassServiceRoles",
      implied: ["iam:PassRole"],
      resources: [roles],
      condition: {
        StringEquals: {
          "iam:PassedToService": [
            "ecr.amazonaws.com",
            "pullthroughcache.ecr.amazonaws.com",
            ...(environment.maintenance ? ["lambda.amazonaws.com"] : []),
          ],
        },
      },
    },
    {
      sid: "ServiceLinkedRoles",
      implied: ["iam:CreateServiceLinkedRole"],
      resources: [arns.iam("role/aws-service-role/*")],
      condition: {
        StringEquals: {
          "iam:AWSServiceName": [
            "ecr.amazonaws.com",
            "pullthroughcache.ecr.amazonaws.com",
            ...(environment.scanning?.type === "ENHANCED" ? ["inspector2.amazonaws.com"] : []),
          ],
        },
      },
    },
  ];
}

function maintenanceGrants(environment: Environment, arns: AccountArns): Grant[] {
  if (!environment.maintenance) return [];
  const names = ["reconcile", "notify"] as const;
  const topic = arns.inRegions("sns", maintenanceName(environment));
  return [
    {
      sid: "MaintenanceFunctions",
      reads: [
        "lambda:GetFunction",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:GetPolicy",
        "lambda:ListVersionsByFunction",
      ],
      writes: [
        "lambda:AddPermission",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionEventInvokeConfig",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
      ],
      resources: arns.regions.flatMap((region) =>
        names.map((name) => functionArn(environment, region, name)),
      ),
    },
    {
      sid: "MaintenanceTriggers",
      reads: ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
      writes: [
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
      ],
      resources: arns.regions.flatMap((region) =>
        (["pulled", "failed", "schedule"] as const).map((name) =>
          triggerArn(environment, region, name),
        ),
      ),
    },
    {
      sid: "MaintenanceQueue",
      reads: ["sqs:GetQueueAttributes", "sqs:ListQueueTags"],
      writes: [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
      ],
      resources: arns.regions.map((region) => deadLetterQueueArn(environment, region)),
    },
    {
      sid: "MaintenanceTopic",
      reads: ["sns:GetTopicAttributes", "sns:ListTagsForResource"],
      writes: [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:UntagResource",
      ],
      resources: topic,
    },
    {
      sid: "MaintenanceSubscriptions",
      reads: ["sns:GetSubscriptionAttributes"],
      writes: ["sns:Unsubscribe"],
      resources: topic.map((arn) => `${arn}:*`),
    },
    {
      sid: "MaintenanceAlarms",
      reads: ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
      writes: [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ],
      resources: arns.inRegions("cloudwatch", `alarm:${maintenanceName(environment)}-*`),
    },
    {
      sid: "MaintenanceDashboard",
      reads: ["cloudwatch:GetDashboard"],
      writes: ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
      resources: [arns.global("cloudwatch", `dashboard/${maintenanceName(environment)}*`)],
    },
    {
      sid: "MaintenanceLogs",
      reads: ["logs:ListTagsForResource"],
      writes: [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ],
      resources: names.flatMap((name) =>
        arns.inRegions("logs", `log-group:${logGroupName(environment, name)}*`),
      ),
    },
    {
      sid: "ListLogGroups",
      reads: ["logs:DescribeLogGroups"],
      resources: arns.inRegions("logs", "log-group:*"),
    },
  ];
}

/** What plans and deployments need, by what it is done with. */
function grants(environment: Environment): Grant[] {
  const arns = new AccountArns(environment);
  const writesRegistryPolicy = hasRegistryPolicy(environment);
  const { scanning } = environment;
  return [
    {
      sid: "Registry",
      reads: [
        "ecr:DescribePullThroughCacheRules",
        "ecr:DescribeRepositoryCreationTemplates",
        ...(writesRegistryPolicy ? ["ecr:GetRegistryPolicy"] : []),
        ...(scanning ? ["ecr:GetRegistryScanningConfiguration"] : []),
      ],
      writes: [
        "ecr:CreatePullThroughCacheRule",
        "ecr:CreateRepositoryCreationTemplate",
        "ecr:DeletePullThroughCacheRule",
        "ecr:DeleteRepositoryCreationTemplate",
        "ecr:UpdatePullThroughCacheRule",
        "ecr:UpdateRepositoryCreationTemplate",
        ...(writesRegistryPolicy ? ["ecr:DeleteRegistryPolicy", "ecr:PutRegistryPolicy"] : []),
        ...(scanning ? ["ecr:PutRegistryScanningConfiguration"] : []),
      ],
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
      implied:
        scanning?.type === "ENHANCED"
          ? ["inspector2:Enable", "inspector2:ListAccountPermissions"]
          : [],
      // These actions have no resource to scope them to.
      resources: ["*"],
    },
    {
      sid: "Templates",
      // Whoever creates a template must be allowed what ECR does by it.
      implied: ["ecr:CreateRepository", "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"],
      resources: arns.repositories(),
    },
    {
      sid: "FindSecrets",
      reads: ["secretsmanager:ListSecrets"],
      // This action has no resource to scope it to.
      resources: arns.secrets().length > 0 ? ["*"] : [],
    },
    {
      sid: "ReadSecrets",
      reads: ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
      resources: arns.secrets(),
    },
    {
      sid: "WriteSecrets",
      writes: [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        // The provider reads a version with GetSecretValue, and from 6.26 on with ListSecretVersionIds.
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutSecretValue",
        // ecr-cache recover
        "secretsmanager:RestoreSecret",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
      ],
      resources: arns.secrets(true),
    },
    ...pullerGrants(environment, environment.access.roles, arns),
    ...serviceRoleGrants(environment, arns),
    ...maintenanceGrants(environment, arns),
  ];
}

/**
 * The statements of those who plan, or of those who deploy.
 *
 * @param consumer The consumer whose stack it is, in its account. Default: the stacks of the environment's account.
 */
export function deployerStatements(
  environment: Environment,
  role: "plan" | "deploy",
  consumer?: Consumer,
): PolicyStatement[] {
  const needed = consumer
    ? pullerGrants(
        environment,
        consumer.roles,
        new AccountArns({ ...environment, account: consumer.account }),
      )
    : grants(environment);
  return needed.flatMap(({ sid, reads = [], writes = [], implied = [], resources, condition }) => {
    const actions = role === "plan" ? reads : [...reads, ...writes, ...implied];
    if (actions.length === 0 || resources.length === 0) return [];
    return [
      {
        Sid: sid,
        Effect: "Allow" as const,
        Action: [...actions].sort(),
        Resource: resources,
        ...(condition && { Condition: condition }),
      },
    ];
  });
}
