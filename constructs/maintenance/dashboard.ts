import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { alarmArn, deadLetterQueueName, maintenanceName } from "../../ecr/maintenance-resources";
import { ROOT } from "../../ecr/prefix";
import {
  ENVIRONMENT_DIMENSION,
  METRICS,
  METRICS_NAMESPACE,
  PREFIX_DIMENSION,
  SERVICE_DIMENSION,
  SERVICE_NAME,
} from "../../reconcile/lambda/metrics";
import { withLogicalId } from "../logical-id";
import { maintenanceAlarms } from "./alarms";

export interface MaintenanceDashboardProps {
  /** An environment with maintenance. */
  readonly environment: Environment;
  readonly provider: AwsProvider;
}

/**
 * One CloudWatch dashboard for an environment, with a section for each region.
 *
 * Sources of the metrics that are not the project's own (reconcile/lambda/metrics.ts):
 *
 * - RepositoryPullCount of AWS/ECR by RepositoryName:
 *   https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html
 * - CallCount and ResourceCount of AWS/Usage by Service, Type and Resource:
 *   https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
 * - those of AWS/Lambda and AWS/SQS: constructs/maintenance/alarms.ts
 */
export class MaintenanceDashboard extends Construct {
  constructor(scope: Construct, id: string, { environment, provider }: MaintenanceDashboardProps) {
    super(scope, id);
    withLogicalId(
      new CloudwatchDashboard(this, "dashboard", {
        provider,
        dashboardName: maintenanceName(environment),
        // On several lines: in HCL a heredoc. cdktf 0.21 loses the backslashes of quoted strings on one line.
        dashboardBody: JSON.stringify(dashboardBody(environment), undefined, 2),
      }),
      "maintenance",
    );
  }
}

/** A dashboard is 24 columns wide. */
const WIDTH = 24;
const HEIGHT = 6;

/** Search expressions on one graph (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html). */
const MAX_SEARCHES = 5;
/** Characters in one search expression (the same page). */
const MAX_SEARCH_LENGTH = 1_024;

const HOUR = 3_600;
const DAY = 24 * HOUR;

interface Search {
  readonly label: string;
  readonly expression: string;
}

type Metric = readonly (string | object)[];

interface Widget {
  readonly type: "text" | "metric" | "alarm";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: object;
}

/** Widgets without a place, from left to right. */
type Row = readonly Omit<Widget, "x" | "y" | "width">[];

/** The body of the dashboard, as CloudWatch takes it. */
export function dashboardBody(environment: Environment): { readonly widgets: readonly Widget[] } {
  const rows = environment.regions.flatMap((region) => regionRows(environment, region));
  const widgets: Widget[] = [];
  let y = 0;
  for (const row of rows) {
    const width = WIDTH / row.length;
    row.forEach((widget, index) => widgets.push({ ...widget, x: index * width, y, width }));
    y += Math.max(...row.map(({ height }) => height));
  }
  return { widgets };
}

function graph(region: string, title: string, metrics: readonly Metric[], more: object = {}) {
  return {
    type: "metric" as const,
    height: HEIGHT,
    properties: { region, title, view: "timeSeries", stat: "Sum", period: 300, metrics, ...more },
  };
}

const searched = ({ label, expression }: Search): Metric => [{ label, expression }];

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/**
 * The pulls of all repositories under each prefix. CloudWatch searches for the words of the prefix, one after the
 * other, anywhere in a repository's name, and sums up the repositories that a graph can show.
 */
function pullSearches(environment: Environment): Search[] {
  const search = (term: string) =>
    `SUM(SEARCH('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount"${term}', 'Sum', ${HOUR}))`;
  const prefixes = environment.rules.map(({ prefix }) => prefix);
  const others = prefixes.filter((prefix) => prefix !== ROOT);
  return prefixes.map((prefix): Search => {
    if (prefix !== ROOT) {
      return { label: prefix, expression: search(` RepositoryName=${prefix}`) };
    }
    const rest = search(others.map((other) => ` NOT RepositoryName=${other}`).join(""));
    return rest.length <= MAX_SEARCH_LENGTH
      ? { label: "everything else (ROOT)", expression: rest }
      : { label: "all repositories", expression: search("") };
  });
}

function regionRows(environment: Environment, region: string): Row[] {
  const { name, account } = environment;
  const own = [ENVIRONMENT_DIMENSION, name, SERVICE_DIMENSION, SERVICE_NAME];
  const ofFunction = (metric: string, fn: "reconcile" | "notify", label: string): Metric => [
    "AWS/Lambda",
    metric,
    "FunctionName",
    maintenanceName(environment, fn),
    { label },
  ];
  return [
    [
      {
        type: "text",
        height: 1,
        properties: {
          markdown: `## ECR pull-through cache ${name}: ${region}, account ${account}`,
        },
      },
    ],
    [
      {
        type: "alarm",
        height: 2,
        properties: {
          title: "Alarms (docs/maintenance.md)",
          alarms: maintenanceAlarms(environment).map((alarm) =>
            alarmArn(environment, region, alarm.name),
          ),
        },
      },
    ],
    ...chunks(pullSearches(environment), MAX_SEARCHES).map((searches, index, all) => [
      graph(
        region,
        `Pulls by prefix${all.length > 1 ? ` (${index + 1} of ${all.length})` : ""}`,
        searches.map(searched),
      ),
    ]),
    [
      graph(region, "Failed syncs by prefix", [
        searched({
          label: "",
          expression: `SEARCH('{${METRICS_NAMESPACE},${ENVIRONMENT_DIMENSION},${PREFIX_DIMENSION},${SERVICE_DIMENSION}} MetricName="${METRICS.failedSyncs}" ${ENVIRONMENT_DIMENSION}="${name}"', 'Sum', ${HOUR})`,
        }),
      ]),
      graph(
        region,
        "Repositories reconciled with their template",
        (["examined", "changed", "kept", "failed"] as const).map((key): Metric => [
          METRICS_NAMESPACE,
          METRICS[key],
          ...own,
          { label: key },
        ]),
        { period: DAY, view: "bar" },
      ),
      ...(environment.prune
        ? [
            graph(
              region,
              "Images pruned",
              [
                [METRICS_NAMESPACE, METRICS.pruned, ...own, { label: "images" }],
                [
                  METRICS_NAMESPACE,
                  METRICS.prunedBytes,
                  ...own,
                  { label: "bytes", yAxis: "right" },
                ],
              ],
              { period: DAY, view: "bar" },
            ),
          ]
        : []),
    ],
    [
      graph(
        region,
        "Repositories in the registry",
        [
          searched({
            label: "repositories",
            expression: `SEARCH('Namespace="AWS/Usage" MetricName="ResourceCount" Service="ECR" Resource="RepositoryCount"', 'Maximum', ${HOUR})`,
          }),
        ],
        { stat: "Maximum" },
      ),
      graph(region, "The registry's API calls", [
        searched({
          label: "",
          expression: `SEARCH('Namespace="AWS/Usage" MetricName="CallCount" Service="ECR" Type="API"', 'Sum', 300)`,
        }),
      ]),
      graph(region, "Maintenance functions", [
        ofFunction("Errors", "reconcile", "reconcile: errors"),
        ofFunction("Throttles", "reconcile", "reconcile: throttles"),
        ofFunction("Errors", "notify", "notify: errors"),
        ofFunction("Throttles", "notify", "notify: throttles"),
        [
          "AWS/SQS",
          "ApproximateNumberOfMessagesVisible",
          "QueueName",
          deadLetterQueueName(environment),
          { label: "dead letters", stat: "Maximum" },
        ],
      ]),
    ],
  ];
}
