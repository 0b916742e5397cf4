import type { Environment } from "../environment/model";
import {
  deadLetterQueueArn,
  functionArn,
  logGroupArn,
  type MaintenanceFunctionName,
  type Owner,
  topicArn,
  triggerArn,
  triggerNames,
  alarmArn,
} from "../maintenance-resources";
import { MARKER_TAG } from "../marker";
import { ROOT } from "../prefix";
import { repositoriesArn } from "./cache";
import { type PolicyDocument, policyDocument, trustPolicy } from "./document";

/* What the maintenance functions may do, and who may send to their queue and topic. */

/** The trust of the functions' roles. */
export const FUNCTION_TRUST: PolicyDocument = trustPolicy("lambda.amazonaws.com");

/** What every function may do: write its log, and send an event that it failed to process to the dead-letter queue. */
function commonStatements(
  owner: Owner,
  region: string,
  name: MaintenanceFunctionName,
): PolicyDocument["Statement"] {
  return [
    {
      Sid: "WriteLog",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: `${logGroupArn(owner, region, name)}:*`,
    },
    {
      Sid: "SendToDeadLetterQueue",
      Effect: "Allow",
      Action: "sqs:SendMessage",
      Resource: deadLetterQueueArn(owner, region),
    },
  ];
}

/**
 * What the reconcile function may do: read the registry's templates and rules, list repositories, and read and write
 * the settings of those under the environment's prefixes. It can neither pull nor push images, neither create nor delete
 * repositories, and delete images only where the environment prunes.
 */
export function reconcilePolicy(environment: Environment, region: string): PolicyDocument {
  const repositories = environment.rules.map(({ prefix }) =>
    repositoriesArn(environment, region, prefix),
  );
  return policyDocument(
    {
      Sid: "ReadRegistry",
      Effect: "Allow",
      Action: ["ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositoryCreationTemplates"],
      // These actions have no resource to scope them to.
      Resource: "*",
    },
    {
      Sid: "ListRepositories",
      Effect: "Allow",
      Action: "ecr:DescribeRepositories",
      // The function lists all repositories, so none can be left out.
      Resource: repositoriesArn(environment, region, ROOT),
    },
    {
      Sid: "FollowTemplates",
      Effect: "Allow",
      Action: [
        "ecr:DeleteLifecyclePolicy",
        "ecr:DeleteRepositoryPolicy",
        "ecr:GetLifecyclePolicy",
        "ecr:GetRepositoryPolicy",
        "ecr:ListTagsForResource",
        "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy",
        "ecr:SetRepositoryPolicy",
      ],
      Resource: repositories,
    },
    {
      Sid: "SetTemplateTags",
      Effect: "Allow",
      Action: "ecr:TagResource",
      Resource: repositories,
      Condition: {
        "ForAllValues:StringEquals": {
          "aws:TagKeys": [MARKER_TAG, ...Object.keys(environment.tags)],
        },
      },
    },
    ...pruneStatements(environment, repositories),
    {
      Sid: "InvokeSelf",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: functionArn(environment, region, "reconcile"),
    },
    ...commonStatements(environment, region, "reconcile"),
  );
}

function pruneStatements(
  { prune }: Environment,
  repositories: readonly string[],
): PolicyDocument["Statement"] {
  if (!prune) return [];
  return [
    {
      Sid: "PruneImages",
      Effect: "Allow",
      Action: ["ecr:DescribeImages", ...(prune.dryRun ? [] : ["ecr:BatchDeleteImage"])],
      Resource: repositories,
    },
    ...(prune.pullTimeUpdateExclusions.length > 0
      ? [
          {
            Sid: "ExcludePullTimes",
            Effect: "Allow" as const,
            Action: ["ecr:ListPullTimeUpdateExclusions", "ecr:RegisterPullTimeUpdateExclusion"],
            // These actions have no resource to scope them to.
            Resource: "*",
          },
        ]
      : []),
  ];
}

/** What the notify function may do: publish to the topic. */
export function notifyPolicy(environment: Environment, region: string): PolicyDocument {
  return policyDocument(
    {
      Sid: "PublishNotifications",
      Effect: "Allow",
      Action: "sns:Publish",
      Resource: topicArn(environment, region),
    },
    ...commonStatements(environment, region, "notify"),
  );
}

/** Lets EventBridge send what it can't deliver to the dead-letter queue. */
export function deadLetterQueuePolicy(owner: Owner, region: string): PolicyDocument {
  return policyDocument({
    Sid: "EventBridgeDeadLetters",
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: deadLetterQueueArn(owner, region),
    Condition: {
      ArnEquals: {
        "aws:SourceArn": triggerNames.map((name) => triggerArn(owner, region, name)),
      },
    },
  });
}

/** Lets the environment's alarms publish to its own topic. */
export function topicPolicy(environment: Environment, region: string): PolicyDocument {
  return policyDocument({
    Sid: "AllowAlarmsToPublish",
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Action: "sns:Publish",
    Resource: topicArn(environment, region),
    Condition: {
      StringEquals: { "aws:SourceAccount": environment.account },
      ArnLike: { "aws:SourceArn": alarmArn(environment, region, "*") },
    },
  });
}
