import {
  CloudwatchMetricAlarm,
  type CloudwatchMetricAlarmConfig,
} from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { deadLetterQueueName, maintenanceName } from "../../ecr/maintenance-resources";
import {
  ENVIRONMENT_DIMENSION,
  METRICS,
  METRICS_NAMESPACE,
  SERVICE_DIMENSION,
  SERVICE_NAME,
} from "../../reconcile/lambda/metrics";
import { withLogicalId } from "../logical-id";
import type { MaintenanceTopic } from "./topic";

export interface MaintenanceAlarmsProps {
  readonly environment: Environment;
  readonly region: string;
  readonly provider: AwsProvider;
  /** Who is notified. */
  readonly topic: MaintenanceTopic;
}

interface Alarm {
  /** The last part of its name; docs/maintenance.md has a section on each. */
  readonly name: string;
  /** What it means and the first thing to do. */
  readonly description: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: "Sum" | "Maximum";
  /** In how many periods of five minutes in a row there must be something. */
  readonly periods: number;
}

/**
 * The alarms of an environment's maintenance in a region. Each alarms at the first count over zero.
 *
 * Sources of the metrics: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html (Errors and
 * Throttles by FunctionName), and
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 * (ApproximateNumberOfMessagesVisible by QueueName).
 */
export function maintenanceAlarms(environment: Environment): Alarm[] {
  const ofFunction = (name: "reconcile" | "notify", metricName: string) => ({
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: maintenanceName(environment, name) },
    statistic: "Sum" as const,
  });
  return [
    {
      name: "reconcile-errors",
      description:
        "The reconcile function, which applies creation templates to existing repositories, failed. See its log.",
      ...ofFunction("reconcile", "Errors"),
      periods: 1,
    },
    {
      name: "reconcile-throttles",
      description:
        "Pull events have been waiting for the reconcile function for 15 minutes. None has been lost yet.",
      ...ofFunction("reconcile", "Throttles"),
      periods: 3,
    },
    {
      name: "notify-errors",
      description:
        "The notify function failed; some failed pulls may not have been reported. See its log.",
      ...ofFunction("notify", "Errors"),
      periods: 1,
    },
    {
      name: "notify-throttles",
      description:
        "So many pulls have failed in the last 15 minutes that notifications are delayed.",
      ...ofFunction("notify", "Throttles"),
      periods: 3,
    },
    {
      name: "dead-letters",
      description:
        "Unprocessed events are in the dead-letter queue. Fix the cause, then redrive them.",
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: deadLetterQueueName(environment) },
      statistic: "Maximum",
      periods: 1,
    },
    {
      name: "repositories-failed",
      description:
        "Some repositories could not be updated to follow their template, or pruned; all others were. The reconcile function's log names them.",
      namespace: METRICS_NAMESPACE,
      metricName: METRICS.failed,
      dimensions: {
        [SERVICE_DIMENSION]: SERVICE_NAME,
        [ENVIRONMENT_DIMENSION]: environment.name,
      },
      statistic: "Sum",
      periods: 1,
    },
  ];
}

/** The alarms of one region. */
export class MaintenanceAlarms extends Construct {
  constructor(scope: Construct, id: string, props: MaintenanceAlarmsProps) {
    super(scope, id);
    const { environment, region, provider, topic } = props;
    for (const { name, description, periods, ...metric } of maintenanceAlarms(environment)) {
      const config: CloudwatchMetricAlarmConfig = {
        provider,
        alarmName: maintenanceName(environment, name),
        alarmDescription: `${description} docs/maintenance.md#${name}`,
        ...metric,
        period: 300,
        evaluationPeriods: periods,
        comparisonOperator: "GreaterThanThreshold",
        threshold: 0,
        // Most of the metrics are only sent when there is something to count.
        treatMissingData: "notBreaching",
        alarmActions: [topic.arn],
      };
      withLogicalId(new CloudwatchMetricAlarm(this, name, config), region, name);
    }
  }
}
