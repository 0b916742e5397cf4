import { setTimeout as delay } from "node:timers/promises";

export interface BackoffOptions {
  /** How often a call is made at the most. Default: 8. */
  readonly attempts?: number;
  /** The longest wait before the second attempt, in milliseconds; it doubles with each. Default: 250. */
  readonly baseDelay?: number;
  /** The longest wait between two attempts, in milliseconds. Default: 8,000. */
  readonly maxDelay?: number;
  /** The longest wait before a call that was not refused yet, while others are, in milliseconds. Default: 1,000. */
  readonly maxPace?: number;
  /** Told of each refusal that is followed by another attempt. */
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

/** Node's codes for a connection that was dropped midway; one that can't be made is no passing trouble. */
const DROPPED = new Set(["ECONNRESET", "EPIPE"]);

/**
 * Whether the same call may well succeed a little later: ECR throttles it or fails on its side, or the connection was
 * dropped.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, $retryable, $metadata } = error as {
    code?: unknown;
    $retryable?: { throttling?: boolean };
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    THROTTLING.has(error.name) ||
    (typeof code === "string" && DROPPED.has(code)) ||
    $retryable?.throttling === true ||
    status === 429 ||
    status >= 500 ||
    error.name === "ServerException"
  );
}

/** How much of the pace is left after a call that was answered. With it, a call in four is refused at ECR's limit. */
const EASING = 0.8;

/**
 * The calls of an API, slowed down as it throttles them: a refused call is made again after a growing random wait, and
 * all calls share a pace that doubles with each refusal and eases with each answer.
 *
 * @param api An object whose functions are the calls: each gives a promise.
 */
export function withBackoff<Api extends object>(api: Api, options: BackoffOptions = {}): Api {
  const {
    attempts = 8,
    baseDelay = 250,
    maxDelay = 8_000,
    maxPace = 1_000,
    onRetry,
    sleep = delay,
    random = Math.random,
  } = options;
  let pace = 0;

  async function call<Result>(make: () => Promise<Result>): Promise<Result> {
    // Waits are drawn from all of their span, so that calls which were refused together don't come back together.
    if (pace >= 1) await sleep(random() * pace);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await make();
        pace *= EASING;
        return result;
      } catch (error) {
        if (!isPassing(error)) throw error;
        pace = Math.min(maxPace, Math.max(baseDelay, 2 * pace));
        if (attempt >= attempts) throw error;
        onRetry?.(error);
        await sleep(random() * Math.min(maxDelay, baseDelay * 2 ** (attempt - 1)));
      }
    }
  }

  return new Proxy(api, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...input: unknown[]) =>
        call(() => Reflect.apply(member, target, input) as Promise<unknown>);
    },
  });
}
