import type { Environment } from "./environment/model";
import { partitionOf } from "./region";

/*
 * What maintenance consists of in one region, by name and ARN. Names are fixed, so that a function's role can name the
 * function, and the dashboard what it shows.
 */

/** The two maintenance functions: one makes repositories follow their templates, the other one reports failed pulls. */
export type MaintenanceFunctionName = "reconcile" | "notify";

/** What invokes the functions: EventBridge rules, called triggers to tell them from cache rules. */
export const triggerNames = ["pulled", "failed", "schedule"] as const;

export type TriggerName = (typeof triggerNames)[number];

/** The environment that maintenance is part of. */
export type Owner = Pick<Environment, "name" | "account">;

const inAccount = (service: string, owner: Owner, region: string, resource: string): string =>
  `arn:${partitionOf(region)}:${service}:${region}:${owner.account}:${resource}`;

/** The name of a resource of an environment's maintenance; without parts, that of the topic and the dashboard. */
export function maintenanceName(environment: Pick<Owner, "name">, ...parts: string[]): string {
  return ["ecr-cache", environment.name, ...parts].join("-");
}

export function functionArn(owner: Owner, region: string, name: MaintenanceFunctionName): string {
  return inAccount("lambda", owner, region, `function:${maintenanceName(owner, name)}`);
}

/** The log group that Lambda writes to. */
export function logGroupName(owner: Pick<Owner, "name">, name: MaintenanceFunctionName): string {
  return `/aws/lambda/${maintenanceName(owner, name)}`;
}

export function logGroupArn(owner: Owner, region: string, name: MaintenanceFunctionName): string {
  return inAccount("logs", owner, region, `log-group:${logGroupName(owner, name)}`);
}

export function triggerArn(owner: Owner, region: string, name: TriggerName): string {
  return inAccount("events", owner, region, `rule/${maintenanceName(owner, name)}`);
}

/** The queue of events that a function failed to process, or that EventBridge could not deliver. */
export function deadLetterQueueName(owner: Pick<Owner, "name">): string {
  return maintenanceName(owner, "dead-letters");
}

export function deadLetterQueueArn(owner: Owner, region: string): string {
  return inAccount("sqs", owner, region, deadLetterQueueName(owner));
}

/** The topic of notifications and alarms: the environment's own, or one that exists already. */
export function topicArn(environment: Environment, region: string): string {
  const { topicArns } = environment.maintenance?.notifications ?? {};
  return topicArns?.[region] ?? inAccount("sns", environment, region, maintenanceName(environment));
}

export function alarmArn(owner: Owner, region: string, alarm: string): string {
  return inAccount("cloudwatch", owner, region, `alarm:${maintenanceName(owner, alarm)}`);
}
