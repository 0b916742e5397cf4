import { setTimeout as delay } from "node:timers/promises";
import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from "@smithy/types";
import { isThrottled } from "./errors";

/**
 * Attempts at one call, the first included, by what the last one failed with: all that a call gets that fails for good,
 * whoever makes it. Those of a throttled one take about half a minute.
 */
const ATTEMPTS = { THROTTLING: 12, TRANSIENT: 8 } as const;

/** The most attempts at one call. */
export const MAX_ATTEMPTS = ATTEMPTS.THROTTLING;

/** The longest wait before the second attempt, in milliseconds; it doubles with each further one, up to `MAX_DELAY`. */
const BASE_DELAY = { THROTTLING: 250, TRANSIENT: 50 } as const;
const MAX_DELAY = 8_000;

/** The longest wait before a new call while others are throttled, in milliseconds. */
const MAX_PACE = 4_000;
/** What a call that is answered leaves of the pace. */
const EASING = 0.8;

export interface PacedRetryOptions {
  /** A number from 0 up to 1; with 0, nothing is waited for. Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: a timer. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

function kindOf({ error, errorType }: RetryErrorInfo): keyof typeof BASE_DELAY | undefined {
  if (errorType === "THROTTLING") return isThrottled(error) ? "THROTTLING" : undefined;
  return errorType === "TRANSIENT" ? "TRANSIENT" : undefined;
}

/**
 * How the clients of the AWS SDK retry: a call that is throttled or fails on the way is made again after a growing random
 * wait, and all calls of a client share a pace that doubles with each that is throttled and eases with each that is
 * answered. docs/decisions.md says why it is none of the SDK's own strategies.
 */
export class PacedRetryStrategy implements RetryStrategyV2 {
  private readonly random: () => number;
  private readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** The longest wait before the next call, in milliseconds. */
  private pace = 0;

  constructor({ random = Math.random, sleep = delay }: PacedRetryOptions = {}) {
    this.random = random;
    this.sleep = sleep;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    // Waits are drawn from all of their span, so that calls which were refused together don't come back together.
    const wait = this.random() * this.pace;
    if (wait >= 1) await this.sleep(wait);
    return tokenOf(0, 0);
  }

  /** The SDK waits for the token's delay. A rejection ends the call with ECR's own error. */
  refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo): Promise<RetryToken> {
    const kind = kindOf(info);
    if (kind === "THROTTLING") {
      this.pace = Math.min(MAX_PACE, Math.max(BASE_DELAY.THROTTLING, 2 * this.pace));
    }
    // A call that is refused for good is answered.
    if (!kind) this.ease();
    const retries = token.getRetryCount();
    if (!kind || retries + 1 >= ATTEMPTS[kind]) return Promise.reject(new Error("no retry"));
    const longest = Math.min(MAX_DELAY, BASE_DELAY[kind] * 2 ** retries);
    return Promise.resolve(tokenOf(retries + 1, this.random() * longest));
  }

  recordSuccess(): void {
    this.ease();
  }

  private ease(): void {
    this.pace *= EASING;
  }
}

function tokenOf(count: number, wait: number): RetryToken {
  return { getRetryCount: () => count, getRetryDelay: () => wait };
}
