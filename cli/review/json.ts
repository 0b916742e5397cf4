import type { Note, Subject } from "./finding";
import type { Action } from "./plan";
import { type Review, type ReviewedChange, type Risk, risksOf } from "./review";
import type { RiskKind } from "./risks";

/** A note of `review --json`; its texts are Markdown. */
export interface NoteJson {
  readonly text: string;
  readonly risk: RiskKind | null;
  readonly consequence: string | null;
}

export interface ChangeJson {
  /** Null for a provider, and for the plan itself. */
  readonly address: string | null;
  readonly action: Action;
  readonly region: string | null;
  readonly prefix: string | null;
  readonly subject: Subject;
  readonly notes: readonly NoteJson[];
}

export type RiskJson = Risk;

/** What `review --json` prints. */
export interface ReviewJson {
  /** What the plan is of, such as a stack's name. */
  readonly plan: string;
  /** The only region that it is about; null: it is about all. */
  readonly region: string | null;
  readonly terraformVersion: string | null;
  readonly counts: Readonly<Record<Action, number>>;
  /** In the order of `RISKS`; each is in `changes` too. */
  readonly risks: readonly RiskJson[];
  readonly changes: readonly ChangeJson[];
  readonly drift: readonly ChangeJson[];
}

function toNote({ text, risk, consequence }: Note): NoteJson {
  return { text, risk: risk ?? null, consequence: consequence ?? null };
}

function toChange(change: ReviewedChange): ChangeJson {
  return { ...change, notes: change.notes.map(toNote) };
}

export function reviewJson(review: Review, plan: string): ReviewJson {
  return {
    plan,
    region: review.region,
    terraformVersion: review.terraformVersion,
    counts: review.counts,
    risks: risksOf(review),
    changes: review.changes.map(toChange),
    drift: review.drift.map(toChange),
  };
}
