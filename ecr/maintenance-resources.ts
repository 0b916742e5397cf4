import type { Environment } from "./environment/model";
import { MARKER_TAG } from "./marker";
import { type PolicyDocument, repositoriesArn } from "./policies";
import { ROOT } from "./prefix";
import { partitionOf } from "./region";

/*
 * What maintenance consists of in one region, by name and ARN, and who of it may do what. Names are fixed, so that a
 * function's role can name the function, and the dashboard what it shows.
 */

/** The two maintenance functions: one makes repositories follow their templates, the other one tells people. */
export type MaintenanceFunctionName = "reconcile" | "notify";

/** What sets the functions off. */
export type MaintenanceRuleName = "pulled" | "failed" | "schedule";

type Owner = Pick<Environment, "name" | "account">;

const inAccount = (service: string, owner: Owner, region: string, resource: string): string =>
  `arn:${partitionOf(region)}:${service}:${region}:${owner.account}:${resource}`;

/** The name of something of an environment's maintenance; with no part, that of the maintenance as a whole. */
export function maintenanceName(environment: Pick<Owner, "name">, ...parts: string[]): string {
  return ["ecr-cache", environment.name, ...parts].join("-");
}

export function functionArn(owner: Owner, region: string, name: MaintenanceFunctionName): string {
  return inAccount("lambda", owner, region, `function:${maintenanceName(owner, name)}`);
}

/** Lambda writes to the log group of this name. */
export function logGroupName(owner: Pick<Owner, "name">, name: MaintenanceFunctionName): string {
  return `/aws/lambda/${maintenanceName(owner, name)}`;
}

export function ruleArn(owner: Owner, region: string, name: MaintenanceRuleName): string {
  return inAccount("events", owner, region, `rule/${maintenanceName(owner, name)}`);
}

/** The queue of events that neither function could deal with. */
export function deadLetterQueueName(owner: Pick<Owner, "name">): string {
  return maintenanceName(owner, "dead-letters");
}

export function deadLetterQueueArn(owner: Owner, region: string): string {
  return inAccount("sqs", owner, region, deadLetterQueueName(owner));
}

/** The topic that people are told through: the environment's own one, or one that exists. */
export function topicArn(environment: Environment, region: string): string {
  const { topicArns } = environment.maintenance?.notifications ?? {};
  return topicArns?.[region] ?? inAccount("sns", environment, region, maintenanceName(environment));
}

export function alarmArn(owner: Owner, region: string, alarm: string): string {
  return inAccount("cloudwatch", owner, region, `alarm:${maintenanceName(owner, alarm)}`);
}

const document = (...Statement: PolicyDocument["Statement"]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement,
});

/** The trust of the functions' roles. */
export const FUNCTION_TRUST: PolicyDocument = document({
  Effect: "Allow",
  Principal: { Service: "lambda.amazonaws.com" },
  Action: "sts:AssumeRole",
});

/** What every function may do: write its log, and put aside an event that it fails at. */
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
      Resource: inAccount("logs", owner, region, `log-group:${logGroupName(owner, name)}:*`),
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
 * the settings of those under the environment's prefixes. It can neither pull nor push nor delete images, and makes and
 * deletes no repository.
 */
export function reconcilePolicy(environment: Environment, region: string): PolicyDocument {
  const repositories = environment.rules.map(({ prefix }) =>
    repositoriesArn(environment, region, prefix),
  );
  return document(
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
      // A list of all repositories is asked for, so none can be left out.
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
        "ecr:TagResource",
      ],
      Resource: repositories,
    },
    {
      Sid: "RemoveMarkerTag",
      Effect: "Allow",
      Action: "ecr:UntagResource",
      Resource: repositories,
      Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": [MARKER_TAG] } },
    },
    {
      Sid: "InvokeSelf",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: functionArn(environment, region, "reconcile"),
    },
    ...commonStatements(environment, region, "reconcile"),
  );
}

/** What the notify function may do: publish to the topic. */
export function notifyPolicy(environment: Environment, region: string): PolicyDocument {
  return document(
    {
      Sid: "PublishNotifications",
      Effect: "Allow",
      Action: "sns:Publish",
      Resource: topicArn(environment, region),
    },
    ...commonStatements(environment, region, "notify"),
  );
}

/** Lets EventBridge put aside what it can't deliver. */
export function deadLetterQueuePolicy(owner: Owner, region: string): PolicyDocument {
  return document({
    Sid: "EventBridgeDeadLetters",
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: deadLetterQueueArn(owner, region),
    Condition: {
      ArnEquals: {
        "aws:SourceArn": (["pulled", "failed", "schedule"] as const).map((name) =>
          ruleArn(owner, region, name),
        ),
      },
    },
  });
}

/** Lets the alarms of this account publish to the environment's own topic. */
export function topicPolicy(environment: Environment, region: string): PolicyDocument {
  return document({
    Sid: "AllowAlarmsToPublish",
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Action: "sns:Publish",
    Resource: topicArn(environment, region),
    Condition: { StringEquals: { "aws:SourceAccount": environment.account } },
  });
}
