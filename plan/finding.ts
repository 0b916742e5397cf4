import type { RiskKind } from "./risks";

/** One thing that a plan does, in Markdown, as what follows the subject: `is **replaced**`. */
export interface Note {
  readonly text: string;
  /** Set where it is a risk. */
  readonly risk?: RiskKind;
  /** What follows from it: `images that are not cached can't be pulled during the apply`. */
  readonly consequence?: string;
}

/** What something is, in the cache's terms. */
export type SubjectKind =
  | "plan"
  | "provider"
  | "rule"
  | "template"
  | "secret"
  | "registry policy"
  | "scanning configuration"
  | "IAM policy"
  | "IAM role"
  | "resource";

/** What notes are about. */
export interface Subject {
  readonly kind: SubjectKind;
  /** A prefix, a name, or an address; empty where there is only one of the kind. */
  readonly name: string;
}

/** A value as code in Markdown. */
export function code(value: string): string {
  return `\`${value.replaceAll("`", "'").replace(/\s+/g, " ")}\``;
}

/** A text from elsewhere as it is, or as code where Markdown, or what renders it, could read something in it. */
export function prose(text: string): string {
  return /^(?!.*www\.)[a-z0-9 .,;'()-]*$/i.test(text) ? text : code(text);
}

export const note = (text: string): Note => ({ text });

export function risk(kind: RiskKind, text: string, consequence?: string): Note {
  return { text, risk: kind, ...(consequence !== undefined && { consequence }) };
}

/** What happens to something that exists, and becomes part of Terraform's state. */
export const IMPORTED = note("exists, and is **imported**");
