/*
 * The metrics that the maintenance functions send, by the names that the dashboard and the alarms read them by.
 */

/** The CloudWatch namespace. */
export const METRICS_NAMESPACE = "EcrPullThroughCache";

/** Their dimensions, besides `prefix` for failed syncs. */
export const ENVIRONMENT_DIMENSION = "environment";
export const PREFIX_DIMENSION = "prefix";
/** Powertools adds this one. */
export const SERVICE_DIMENSION = "service";

/** The value of `service`. */
export const SERVICE_NAME = "ecr-cache-maintenance";

export const METRICS = {
  examined: "RepositoriesExamined",
  changed: "RepositoriesChanged",
  kept: "RepositoriesKept",
  failed: "RepositoriesFailed",
  /** Images that were deleted because nobody pulls them, and their compressed bytes. */
  pruned: "ImagesPruned",
  prunedBytes: "BytesPruned",
  /** Attempts to pull from an upstream that did not succeed, by prefix. */
  failedSyncs: "FailedSyncs",
} as const;
