import { setTimeout as delay } from "node:timers/promises";

/** How often, and after what waits, work is done again. */
export interface RetryPolicy {
  /** How often it is done at most. Default: 5. */
  readonly attempts?: number;
  /** The wait before the second attempt, in milliseconds; it doubles with each. Default: 2,000, thus 30 s for five. */
  readonly firstWait?: number;
  /** The longest wait, in milliseconds. Default: no limit. */
  readonly maxWait?: number;
  /** Default: a timer. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Does work until its result is final, or the attempts are used up; then the last result counts. For answers that may
 * change with time: errors of AWS calls are retried by their client (`PacedRetryStrategy`) and are not to be retried here.
 */
export async function retryUntil<Result>(
  work: () => Promise<Result>,
  isFinal: (result: Result) => boolean,
  { attempts = 5, firstWait = 2_000, maxWait = Infinity, sleep = delay }: RetryPolicy = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await work();
    if (attempt >= attempts || isFinal(result)) return result;
    await sleep(Math.min(maxWait, firstWait * 2 ** (attempt - 1)));
  }
}
