/**
 * ECR records the last pull of an image at most once in 24 hours, so that an image may have been pulled up to a day after
 * what it records (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html).
 */
export const MIN_UNPULLED_DAYS = 2;

/** What is pruned where nothing else is said. */
export const PRUNE_DEFAULTS = { unpulledForDays: 90, keepAtLeast: 1 } as const;
