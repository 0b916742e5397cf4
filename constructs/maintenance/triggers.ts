import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { maintenanceName, type TriggerName } from "../../ecr/maintenance-resources";
import { ROOT } from "../../ecr/prefix";
import {
  EVENT_DETAIL_TYPE,
  EVENT_SOURCE,
  RECONCILE_ALL,
  SYNC_SUCCESS,
} from "../../reconcile/lambda/events";
import { withLogicalId } from "../logical-id";
import type { MaintenanceFunction } from "./function";

export interface MaintenanceTriggersProps {
  /** An environment with maintenance. */
  readonly environment: Environment;
  readonly region: string;
  readonly provider: AwsProvider;
  readonly reconcile: MaintenanceFunction;
  readonly notify: MaintenanceFunction;
  /** Receives the events that can't be delivered. */
  readonly deadLetterQueue: SqsQueue;
}

/** Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const MAX_EVENT_PATTERN_LENGTH = 2_048;

/**
 * The pattern of the events of pulls under an environment's prefixes that ended with one of the statuses. The functions
 * check the prefix too: with `ROOT`, or with too many prefixes for a pattern, they receive all events of the registry.
 */
export function pullEventPattern(environment: Environment, syncStatus: readonly unknown[]): string {
  const pattern = (detail: object) =>
    JSON.stringify({
      source: [EVENT_SOURCE],
      // The default event bus may receive the events of other accounts.
      account: [environment.account],
      "detail-type": [EVENT_DETAIL_TYPE],
      detail: { "sync-status": syncStatus, ...detail },
    });
  const prefixes = environment.rules.map(({ prefix }) => prefix);
  const scoped = pattern({
    "repository-name": prefixes.map((prefix) => ({ prefix: `${prefix}/` })),
  });
  return prefixes.includes(ROOT) || scoped.length > MAX_EVENT_PATTERN_LENGTH ? pattern({}) : scoped;
}

/** What invokes the functions: pulls that succeeded, pulls that failed, and the schedule. */
export class MaintenanceTriggers extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: MaintenanceTriggersProps,
  ) {
    super(scope, id);
    const { environment, reconcile, notify } = props;
    const { maintenance } = environment;
    if (!maintenance) throw new Error(`environment ${environment.name} has no maintenance`);

    this.addTrigger("pulled", reconcile, {
      description: "A pull through the cache succeeded: apply the template to its repository",
      eventPattern: pullEventPattern(environment, [SYNC_SUCCESS]),
    });
    this.addTrigger("failed", notify, {
      description: "A pull through the cache failed: report it",
      eventPattern: pullEventPattern(environment, [{ "anything-but": [SYNC_SUCCESS] }]),
    });
    this.addTrigger(
      "schedule",
      reconcile,
      {
        description: "Apply creation templates to all cached repositories",
        scheduleExpression: maintenance.schedule,
      },
      JSON.stringify({ action: RECONCILE_ALL }),
    );
  }

  private addTrigger(
    name: TriggerName,
    target: MaintenanceFunction,
    config: { description: string; eventPattern?: string; scheduleExpression?: string },
    input?: string,
  ): void {
    const { environment, region, provider, deadLetterQueue } = this.props;
    const rule = withLogicalId(
      new CloudwatchEventRule(this, name, {
        provider,
        name: maintenanceName(environment, name),
        ...config,
      }),
      region,
      name,
    );
    const permission = withLogicalId(
      new LambdaPermission(this, `${name}-permission`, {
        provider,
        statementId: maintenanceName(environment, name),
        action: "lambda:InvokeFunction",
        functionName: target.functionName,
        principal: "events.amazonaws.com",
        sourceArn: rule.arn,
      }),
      region,
      name,
    );
    withLogicalId(
      new CloudwatchEventTarget(this, `${name}-target`, {
        provider,
        rule: rule.name,
        targetId: "function",
        arn: target.arn,
        ...(input !== undefined && { input }),
        deadLetterConfig: { arn: deadLetterQueue.arn },
        dependsOn: [permission],
      }),
      region,
      name,
    );
  }
}
