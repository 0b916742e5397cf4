/*
 * What pulls of Docker Hub's images mean for its quota.
 */

/** Docker Hub's limits on pulls. Docker counts a pull for each manifest that is fetched, and none for a HEAD request. */
export const DOCKER_HUB_LIMITS = {
  /** Hours over which pulls are counted. */
  windowHours: 6,
  /** For everybody behind one IPv4 address or IPv6 /64 network together. */
  anonymous: 100,
  /** For a free account; those that are paid for have no limit. */
  personal: 200,
  source: "https://docs.docker.com/docker-hub/usage/pulls/",
  asOf: "2025-04",
} as const;

/** Pulls from the cache as CloudWatch has counted them. */
export interface PullCount {
  readonly days: number;
  readonly total: number;
  /** In the 6 hours with the most pulls. */
  readonly busiestWindow: number;
  /** How many windows of 6 hours would have been over each limit. */
  readonly windowsOver: { readonly anonymous: number; readonly personal: number };
}

/** What is known of the pulls of Docker Hub's images. */
export interface DockerHubQuota {
  readonly limits: typeof DOCKER_HUB_LIMITS;
  /** Tags that are cached. ECR asks Docker Hub for each once a day at the most. */
  readonly tags: number;
  /** Images with a pull in the last 24 hours: without the cache, at least as many pulls of Docker Hub. */
  readonly pulledLastDay: number;
  /** Null: not asked for. */
  readonly pulls: PullCount | null;
}

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
