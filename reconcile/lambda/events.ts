import type { Counts } from "../counts";
import type { PruneCounts } from "../prune";
import type { Cursor } from "../reconcile";

/*
 * What the maintenance functions are invoked with.
 */

/**
 * EventBridge's event of an attempt to pull through the cache.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export interface PullThroughCacheEvent {
  readonly source: typeof EVENT_SOURCE;
  readonly "detail-type": typeof EVENT_DETAIL_TYPE;
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly detail: {
    readonly "sync-status": string;
    readonly "ecr-repository-prefix"?: string;
    readonly "repository-name": string;
    readonly "upstream-registry-url"?: string;
    readonly "image-tag"?: string;
    readonly "image-digest"?: string;
    /** On a failure. AWS publishes no list of the codes. */
    readonly "failure-code"?: string;
    readonly "failure-reason"?: string;
  };
}

export const EVENT_SOURCE = "aws.ecr";
export const EVENT_DETAIL_TYPE = "ECR Pull Through Cache Action";
/** The only `sync-status` that AWS documents; every other one is taken for a failure. */
export const SYNC_SUCCESS = "SUCCESS";

/** Asks for a run through all repositories; the schedule sends it, and a function to itself where time is up. */
export interface ReconcileAllEvent {
  readonly action: typeof RECONCILE_ALL;
  /** Where the run before stopped. */
  readonly cursor?: Cursor;
  /** Which invocation of the run this is. Default: 1. */
  readonly invocation?: number;
  /** What the invocations before counted. */
  readonly totals?: Counts;
  /** What the invocations before pruned; absent where nothing is pruned. */
  readonly pruned?: PruneCounts;
}

export const RECONCILE_ALL = "reconcile-all";

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** Whether an event is about an attempt to pull through the cache, with a repository that it was for. */
export function isPullThroughCacheEvent(event: unknown): event is PullThroughCacheEvent {
  const fields = fieldsOf(event);
  return (
    fields.source === EVENT_SOURCE &&
    fields["detail-type"] === EVENT_DETAIL_TYPE &&
    typeof fieldsOf(fields.detail)["repository-name"] === "string"
  );
}

/** Whether an event asks for a run through all repositories. */
export function isReconcileAllEvent(event: unknown): event is ReconcileAllEvent {
  return fieldsOf(event).action === RECONCILE_ALL;
}

/** What an event is, in a few words: never all of it, since nobody knows what is in it. */
export function describeEvent(event: unknown): string {
  const { source, action, "detail-type": detailType } = fieldsOf(event);
  const known = Object.entries({ source, "detail-type": detailType, action }).filter(
    ([, value]) => value !== undefined,
  );
  return known.length > 0
    ? known.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ")
    : "an event without source and action";
}
