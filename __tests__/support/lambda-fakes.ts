import type { Logger } from "@aws-lambda-powertools/logger";
import type { Metrics } from "@aws-lambda-powertools/metrics";
import {
  EVENT_DETAIL_TYPE,
  EVENT_SOURCE,
  type PullThroughCacheEvent,
} from "../../reconcile/lambda/events";

/** The event of a pull, as AWS documents it. */
export function pullThroughCacheEvent(
  detail: Partial<PullThroughCacheEvent["detail"]> = {},
): PullThroughCacheEvent {
  return {
    source: EVENT_SOURCE,
    "detail-type": EVENT_DETAIL_TYPE,
    account: "111111111111",
    region: "us-east-1",
    time: "2026-11-24T02:36:48Z",
    detail: {
      "sync-status": "SUCCESS",
      "ecr-repository-prefix": "docker-hub",
      "repository-name": "docker-hub/library/nginx",
      "upstream-registry-url": "registry-1.docker.io",
      "image-tag": "1.27",
      ...detail,
    },
  };
}

type Line = [level: string, message: unknown, ...extra: unknown[]];

/** A logger that keeps its lines. */
export function recordedLogger() {
  const lines: Line[] = [];
  const record =
    (level: string) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line] as Line);
  return {
    lines,
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  } satisfies Pick<Logger, "info" | "warn" | "error"> & { lines: Line[] };
}

type Published = { dimensions: Record<string, string> } & Record<string, unknown>;

/** Metrics that keep what is published: the values by name, and the dimensions that were added. */
export function recordedMetrics() {
  const published: Published[] = [];
  let next: Published = { dimensions: {} };
  const metrics = {
    published,
    addDimension(name: string, value: string) {
      next.dimensions[name] = value;
      return metrics as unknown as Metrics;
    },
    addMetric(name: string, _unit: unknown, value: number) {
      next[name] = value;
      return metrics as unknown as Metrics;
    },
    publishStoredMetrics() {
      published.push(next);
      next = { dimensions: {} };
      return metrics as unknown as Metrics;
    },
  };
  return metrics;
}
