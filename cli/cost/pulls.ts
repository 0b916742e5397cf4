import {
  type CloudWatchClient,
  type MetricDataQuery,
  paginateGetMetricData,
} from "@aws-sdk/client-cloudwatch";
import { DOCKER_HUB_LIMITS } from "../../ecr/docker-hub-limits";
import { countPulls, type PullCount } from "./docker-hub-quota";
import { DAY_MS } from "../../ecr/day";

/** The limit of queries in one call of GetMetricData. */
const MAX_QUERIES = 500;

const WINDOW_SECONDS = DOCKER_HUB_LIMITS.windowHours * 3_600;

/**
 * The pulls of repositories by the metric that ECR publishes, in one call for each five hundred repositories.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html
 */
export async function readPulls(
  client: CloudWatchClient,
  repositories: readonly string[],
  days: number,
  now: Date,
): Promise<PullCount> {
  const windows = new Map<number, number>();
  const period = { StartTime: new Date(now.getTime() - days * DAY_MS), EndTime: now };
  for (let start = 0; start < repositories.length; start += MAX_QUERIES) {
    const MetricDataQueries = repositories
      .slice(start, start + MAX_QUERIES)
      .map((repository, index) => query(repository, index));
    for await (const { MetricDataResults = [] } of paginateGetMetricData(
      { client },
      { MetricDataQueries, ...period },
    )) {
      for (const { Timestamps = [], Values = [] } of MetricDataResults) {
        for (const [index, time] of Timestamps.entries()) {
          const key = time.getTime();
          windows.set(key, (windows.get(key) ?? 0) + (Values[index] ?? 0));
        }
      }
    }
  }
  return countPulls([...windows.values()], days);
}

function query(repository: string, index: number): MetricDataQuery {
  return {
    Id: `pulls${index}`,
    MetricStat: {
      Metric: {
        Namespace: "AWS/ECR",
        MetricName: "RepositoryPullCount",
        Dimensions: [{ Name: "RepositoryName", Value: repository }],
      },
      Period: WINDOW_SECONDS,
      Stat: "Sum",
    },
  };
}
