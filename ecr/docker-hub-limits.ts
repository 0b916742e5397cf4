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
