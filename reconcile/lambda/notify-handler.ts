import type { Logger } from "@aws-lambda-powertools/logger";
import type { Metrics } from "@aws-lambda-powertools/metrics";
import { causeOf, failureNotification, type Notification, prefixOf } from "./failure-message";
import { describeEvent, isPullThroughCacheEvent, SYNC_SUCCESS } from "./events";
import { METRICS, PREFIX_DIMENSION } from "./metrics";

/** How long no second message follows about the same prefix and reason. */
export const QUIET_MS = 60 * 60 * 1_000;

export interface NotifyHandlerProps {
  /** The environment's name. */
  readonly environment: string;
  readonly publish: (notification: Notification) => Promise<unknown>;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics: Pick<Metrics, "addDimension" | "addMetric" | "publishStoredMetrics">;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * The function that reports failed pulls. All are counted; of those with the same prefix and
 * reason, one an hour is sent, so that an upstream that is down does not send a message for every pull.
 *
 * What was sent is kept in memory: it is forgotten with the function's instance, and then one message more is sent. The
 * function runs in one instance at a time.
 */
export function notifyHandler(props: NotifyHandlerProps) {
  const { environment, publish, logger, metrics, now = Date.now } = props;
  const sent = new Map<string, { readonly at: number; heldBack: number }>();

  return async (event: unknown): Promise<void> => {
    try {
      if (!isPullThroughCacheEvent(event)) {
        throw new Error(
          `event: found ${describeEvent(event)}; allowed: an ECR Pull Through Cache Action`,
        );
      }
      if (event.detail["sync-status"] === SYNC_SUCCESS) return;

      logger.warn("pull through the cache did not succeed", { detail: event.detail });
      metrics.addDimension(PREFIX_DIMENSION, prefixOf(event.detail));
      metrics.addMetric(METRICS.failedSyncs, "Count", 1);
      metrics.publishStoredMetrics();

      const cause = causeOf(event);
      const last = sent.get(cause);
      if (last && now() - last.at < QUIET_MS) {
        last.heldBack += 1;
        return;
      }
      await publish(failureNotification(event, environment, last?.heldBack));
      sent.set(cause, { at: now(), heldBack: 0 });
    } catch (error) {
      logger.error("invocation failed", error as Error);
      throw error;
    }
  };
}
