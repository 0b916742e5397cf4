import type { CostJson } from "./json";

/*
 * What pulls of Docker Hub's images mean for its limits.
 */

/** Docker Hub's limits on pulls. A pull is counted for each manifest that is fetched, but not for a HEAD request. */
export const DOCKER_HUB_LIMITS = {
  /** Hours over which pulls are counted. */
  windowHours: 6,
  /** For everyone behind one IPv4 address or IPv6 /64 network together. */
  anonymous: 100,
  /** For a free account; paid accounts have no limit. */
  personal: 200,
  source: "https://docs.docker.com/docker-hub/usage/pulls/",
  asOf: "2025-04",
} as const;

/** What is known about the pulls of Docker Hub's images. */
export type DockerHubQuota = Omit<CostJson["dockerHub"][number], "region">;

/** Pulls from the cache as CloudWatch counted them. */
export type PullCount = NonNullable<DockerHubQuota["pulls"]>;

/** Adds up the pulls of windows of 6 hours. */
export function countPulls(windows: readonly number[], days: number): PullCount {
  const over = (limit: number) => windows.filter((pulls) => pulls > limit).length;
  return {
    days,
    total: windows.reduce((sum, pulls) => sum + pulls, 0),
    busiestWindow: Math.max(0, ...windows),
    windowsOver: {
      anonymous: over(DOCKER_HUB_LIMITS.anonymous),
      personal: over(DOCKER_HUB_LIMITS.personal),
    },
  };
}
