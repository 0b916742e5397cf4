import {
  CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
} from "@aws-sdk/client-cloudwatch";
import { countPulls, DOCKER_HUB_LIMITS, type PullCount } from "./docker-hub-quota";
import { DAY_MS } from "../shell/format";

/** The most that CloudWatch takes in one GetMetricData. */
const MAX_QUERIES = 500;

const WINDOW_SECONDS = DOCKER_HUB_LIMITS.windowHours * 3_600;

/**
 * The pulls of repositories, by the metric that ECR publishes: a call for each five hundred repositories.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html
 */
export async function readPulls(
  region: string,
  repositories: readonly string[],
  days: number,
  now: Date,
): Promise<PullCount> {
  const client = new CloudWatchClient({ region, maxAttempts: 5 });
  const windows = new Map<number, number>();
  try {
    for (let start = 0; start < repositories.length; start += MAX_QUERIES) {
      const queries = repositories
        .slice(start, start + MAX_QUERIES)
        .map((repository, index) => query(repository, index));
      let NextToken: string | undefined;
      do {
        const page = await client.send(
          new GetMetricDataCommand({
            MetricDataQueries: queries,
            StartTime: new Date(now.getTime() - days * DAY_MS),
            EndTime: now,
            NextToken,
          }),
        );
        for (const { Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
          for (const [index, time] of Timestamps.entries()) {
            const key = time.getTime();
            windows.set(key, (windows.get(key) ?? 0) + (Values[index] ?? 0));
          }
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
    }
  } finally {
    client.destroy();
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
