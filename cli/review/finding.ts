import type { RiskKind } from "./risks";

/** One thing that a plan does, in Markdown, as what follows the subject: `is **replaced**`. */
export interface Note {
  readonly text: string;
  /** Set where it is a risk. */
  readonly risk?: RiskKind;
  /** What comes of it: `pulls of what is not cached fail meanwhile`. */
  readonly consequence?: string;
}

/** What something is, in the words of the cache. */
export type SubjectKind =
  | "plan"
  | "provider"
  | "rule"
  | "template"
  | "secret"
  | "registry policy"
  | "IAM policy"
  | "IAM role"
  | "resource";

/** What notes are about. */
export interface Subject {
  readonly kind: SubjectKind;
  /** A prefix, a name, or an address; empty where the kind says it all. */
  readonly name: string;
}

/** A value as code in Markdown. */
export function code(value: string): string {
  return `\`${value.replaceAll("`", "'").replace(/\s+/g, " ")}\``;
}

export const note = (text: string): Note => ({ text });

export function risk(kind: RiskKind, text: string, consequence?: string): Note {
  return { text, risk: kind, ...(consequence !== undefined && { consequence }) };
}

/** What happens to something that exists, and comes into Terraform's state. */
export const TAKEN_OVER = note("exists, and is **taken over**");
