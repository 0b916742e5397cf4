import type { ECRClient } from "@aws-sdk/client-ecr";
import type { Logger } from "@aws-lambda-powertools/logger";
import type { Metrics } from "@aws-lambda-powertools/metrics";
import {
  describeEvent,
  isPullThroughCacheEvent,
  isReconcileAllEvent,
  type PullThroughCacheEvent,
  RECONCILE_ALL,
  type ReconcileAllEvent,
} from "./events";
import { METRICS } from "./metrics";
import { addCounts, type Counts, countsOf, NO_COUNTS } from "../counts";
import {
  reconcileAll,
  type ReconcileOptions,
  reconcileRepository,
  type RepositoryReport,
} from "../reconcile";
import type { Prune } from "../../ecr/environment/prune";
import { registerExclusions } from "../../registry/pull-time-exclusions";
import { addPruned, NOTHING_PRUNED, type PruneCounts } from "../prune";
import { readRegistry, type Registry } from "../registry";

/** What is left of an invocation's time when no further repository is begun: room for the calls in work and a retry. */
export const STOP_MARGIN_MS = 60_000;

/**
 * A run takes at most this many invocations. Lambda itself ends a function that invokes itself after about 16
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html) silently; this limit fails with an alarm.
 */
export const MAX_INVOCATIONS = 15;

/** How long templates and rules are taken to be as they were read, for events that come one after the other. */
const REGISTRY_LIFETIME_MS = 60_000;

export interface ReconcileHandlerProps {
  readonly ecr: ECRClient;
  readonly options: Pick<ReconcileOptions, "prefixes" | "existingPolicies">;
  /** What the scheduled run deletes. Default: nothing. */
  readonly prune?: Prune;
  /** Invokes this function again, without waiting for it. */
  readonly invokeAgain: (event: ReconcileAllEvent) => Promise<unknown>;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics: Pick<Metrics, "addMetric" | "publishStoredMetrics">;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** What of Lambda's context is used. */
export interface InvocationContext {
  readonly getRemainingTimeInMillis: () => number;
}

/**
 * The function that makes repositories follow their templates: one for the event of a pull, all of them on a schedule.
 *
 * A run that is short of time stops between two repositories and invokes the function again with where it was. An
 * invocation that dies is repeated by Lambda with the same event, and finds in order what it had done.
 */
export function reconcileHandler(props: ReconcileHandlerProps) {
  const { ecr, options, prune, invokeAgain, logger, metrics, now = Date.now } = props;
  let known: { readonly registry: Registry; readonly readAt: number } | undefined;

  async function currentRegistry(): Promise<Registry> {
    if (!known || now() - known.readAt > REGISTRY_LIFETIME_MS) {
      known = { registry: await readRegistry(ecr), readAt: now() };
    }
    return known.registry;
  }

  function log(report: RepositoryReport): void {
    const { repository, changes, kept, failures, pruned } = report;
    const outcome = { repository, changes, kept, failures };
    if (failures.length > 0) logger.error("repository failed", outcome);
    else if (changes.length > 0) logger.info("repository changed", outcome);
    else if (kept.length > 0) logger.info("repository kept", outcome);
    if (!pruned || pruned.pruned === 0) return;
    const text = prune?.dryRun ? "repository would be pruned" : "repository pruned";
    logger.info(text, { repository, ...pruned });
  }

  function publish(counts: Counts, pruned?: PruneCounts): void {
    metrics.addMetric(METRICS.examined, "Count", counts.examined);
    metrics.addMetric(METRICS.changed, "Count", counts.changed);
    metrics.addMetric(METRICS.kept, "Count", counts.kept);
    metrics.addMetric(METRICS.failed, "Count", counts.failed);
    if (pruned) {
      metrics.addMetric(METRICS.pruned, "Count", pruned.pruned);
      metrics.addMetric(METRICS.prunedBytes, "Bytes", pruned.prunedBytes);
    }
    metrics.publishStoredMetrics();
  }

  /** Excludes roles from the pull times. Where ECR refuses, images only seem to be used more than they are. */
  async function exclude(arns: readonly string[]): Promise<Counts> {
    try {
      const registered = await registerExclusions(ecr, arns);
      if (registered.length > 0) {
        logger.info("pull-time update exclusions registered", { roles: registered });
      }
      return NO_COUNTS;
    } catch (error) {
      logger.error("pull-time update exclusions failed", error as Error);
      return { ...NO_COUNTS, failed: 1 };
    }
  }

  async function one(event: PullThroughCacheEvent): Promise<void> {
    const name = event.detail["repository-name"];
    const registry = await currentRegistry();
    const report = await reconcileRepository(ecr, name, options, new Date(event.time), registry);
    if (!report) {
      logger.info("repository does not exist, or is not this environment's", { repository: name });
      return;
    }
    log(report);
    publish(countsOf(report));
    if (report.failures.length > 0) throw new Error(`${name}: ${report.failures.join("; ")}`);
  }

  async function all(event: ReconcileAllEvent, context: InvocationContext): Promise<void> {
    const { invocation = 1, cursor, totals = NO_COUNTS } = event;
    if (invocation > MAX_INVOCATIONS) {
      throw new Error(
        `run not at its end after ${MAX_INVOCATIONS} invocations; it stopped at ${JSON.stringify(cursor)}`,
      );
    }
    const excluded =
      prune && invocation === 1 ? await exclude(prune.pullTimeUpdateExclusions) : NO_COUNTS;
    const { cursor: next, ...result } = await reconcileAll(ecr, {
      ...options,
      ...(prune && { prune }),
      ...(cursor && { cursor }),
      shouldStop: () => context.getRemainingTimeInMillis() < STOP_MARGIN_MS,
      onReport: log,
    });
    const { repositories: _, pruned = NOTHING_PRUNED, ...counts } = result;
    // What a dry run would delete is in the log.
    publish(addCounts(counts, excluded), prune && !prune.dryRun ? pruned : undefined);

    const sofar = addCounts(totals, addCounts(counts, excluded));
    const prunedSoFar = prune && {
      pruned: addPruned(event.pruned ?? NOTHING_PRUNED, pruned),
    };
    if (!next) {
      logger.info("run completed", { ...sofar, ...prunedSoFar, invocations: invocation });
      return;
    }
    const isProgress = counts.examined + counts.foreign + (prune?.dryRun ? 0 : pruned.pruned) > 0;
    if (!isProgress) {
      throw new Error(
        `no repository done in an invocation; the function's time-out must be well over ${STOP_MARGIN_MS / 1_000} seconds`,
      );
    }
    logger.info("run continues in another invocation", {
      ...sofar,
      ...prunedSoFar,
      invocation,
      cursor: next,
    });
    await invokeAgain({
      action: RECONCILE_ALL,
      cursor: next,
      invocation: invocation + 1,
      totals: sofar,
      ...prunedSoFar,
    });
  }

  return async (event: unknown, context: InvocationContext): Promise<void> => {
    try {
      if (isPullThroughCacheEvent(event)) await one(event);
      else if (isReconcileAllEvent(event)) await all(event, context);
      else {
        throw new Error(
          `event: found ${describeEvent(event)}; allowed: an ECR Pull Through Cache Action, or { "action": "${RECONCILE_ALL}" }`,
        );
      }
    } catch (error) {
      logger.error("invocation failed", error as Error);
      throw error;
    }
  };
}
