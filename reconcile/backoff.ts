import { setTimeout as delay } from "node:timers/promises";
import type { EcrApi } from "./ecr-api";

export interface BackoffOptions {
  /** How often a call is made at the most. Default: 8. */
  readonly attempts?: number;
  /** The longest wait before the second attempt, in milliseconds; it doubles with each. Default: 250. */
  readonly baseDelay?: number;
  /** The longest wait of all, in milliseconds. Default: 8,000. */
  readonly maxDelay?: number;
  /** Told of each wait: the error that made it necessary. */
  readonly onRetry?: (error: unknown) => void;
  /** Default: a timer. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
  /** A number from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

const THROTTLING = new Set([
  "ThrottlingException",
  "ThrottledException",
  "Throttling",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
]);

/** Whether the same call may well succeed a little later: ECR throttles it, or fails on its side. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $retryable, $metadata } = error as {
    $retryable?: { throttling?: boolean };
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    THROTTLING.has(error.name) ||
    $retryable?.throttling === true ||
    status === 429 ||
    status >= 500 ||
    error.name === "ServerException"
  );
}

/**
 * The calls of an API, each made again after a growing random wait while ECR throttles it.
 *
 * This stands over the SDK's own retries. They share one budget among all calls of a client and fail at once when it is
 * used up, which hundreds of repositories in a row make likely.
 */
export function withBackoff(api: EcrApi, options: BackoffOptions = {}): EcrApi {
  const {
    attempts = 8,
    baseDelay = 250,
    maxDelay = 8_000,
    onRetry,
    sleep = delay,
    random = Math.random,
  } = options;

  async function call<Result>(make: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await make();
      } catch (error) {
        if (attempt >= attempts || !isPassing(error)) throw error;
        onRetry?.(error);
        // The wait is drawn from all of the span, so that calls which were refused together don't come back together.
        await sleep(random() * Math.min(maxDelay, baseDelay * 2 ** (attempt - 1)));
      }
    }
  }

  return {
    describeRepositoryCreationTemplates: (input) =>
      call(() => api.describeRepositoryCreationTemplates(input)),
    describePullThroughCacheRules: (input) => call(() => api.describePullThroughCacheRules(input)),
    describeRepositories: (input) => call(() => api.describeRepositories(input)),
    listTagsForResource: (input) => call(() => api.listTagsForResource(input)),
    getLifecyclePolicy: (input) => call(() => api.getLifecyclePolicy(input)),
    getRepositoryPolicy: (input) => call(() => api.getRepositoryPolicy(input)),
    putLifecyclePolicy: (input) => call(() => api.putLifecyclePolicy(input)),
    deleteLifecyclePolicy: (input) => call(() => api.deleteLifecyclePolicy(input)),
    setRepositoryPolicy: (input) => call(() => api.setRepositoryPolicy(input)),
    deleteRepositoryPolicy: (input) => call(() => api.deleteRepositoryPolicy(input)),
    putImageTagMutability: (input) => call(() => api.putImageTagMutability(input)),
    tagResource: (input) => call(() => api.tagResource(input)),
    untagResource: (input) => call(() => api.untagResource(input)),
  };
}
