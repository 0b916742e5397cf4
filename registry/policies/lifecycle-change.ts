import { describeAction } from "../../ecr/lifecycle-actions";
import { normalLifecyclePolicy } from "./meaning";

/*
 * Lifecycle policies in words, and what it means when one takes another's place.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */

interface Selection {
  readonly tagStatus?: string;
  readonly tagPatternList?: readonly string[];
  readonly tagPrefixList?: readonly string[];
  readonly storageClass?: string;
  readonly countType?: string;
  readonly countNumber?: number;
}

interface LifecycleRule {
  readonly rulePriority?: number;
  readonly selection?: Selection;
  readonly action?: { readonly type?: string; readonly targetStorageClass?: string };
}

/** What becomes of a lifecycle policy. */
export interface LifecycleChange {
  /** Everything that changes, in words. */
  readonly changes: readonly string[];
  /** Those of the changes by which images may go, or can't be pulled any more, that would have stayed. */
  readonly tightened: readonly string[];
}

/** The rules of a policy in the order in which they apply; undefined for what is no lifecycle policy. */
function parse(text: string): LifecycleRule[] | undefined {
  try {
    // The normal form is the same for policies that mean the same, and has the rules in their order.
    const { rules } = JSON.parse(normalLifecyclePolicy(text)) as { rules?: LifecycleRule[] };
    return rules?.length ? rules : undefined;
  } catch {
    return undefined;
  }
}

function describeSelection({ tagStatus, tagPatternList, tagPrefixList }: Selection): string {
  if (tagPatternList) return `images tagged ${tagPatternList.join(" and ")}`;
  if (tagPrefixList) return `images tagged ${tagPrefixList.map((one) => `${one}*`).join(" and ")}`;
  return tagStatus === "any" ? "images" : `${tagStatus} images`;
}

function describeRule({ selection = {}, action }: LifecycleRule): string {
  const images = describeSelection(selection);
  return (
    describeAction(selection.countType, action?.type, images, selection.countNumber ?? 0) ??
    `has a rule that is not known: ${JSON.stringify({ selection, action })}`
  );
}

/** What a lifecycle policy does, a phrase a rule: `keeps the last 10 images`. */
export function describeLifecyclePolicy(text: string | undefined): string[] {
  if (!text) return ["keeps everything"];
  return parse(text)?.map(describeRule) ?? ["is no lifecycle policy"];
}

/** What two rules must have in common to be one rule with another count. */
function keyOf({ selection, action }: LifecycleRule): string {
  return JSON.stringify({ ...selection, countNumber: undefined, action });
}

const classOf = ({ selection }: LifecycleRule): string => selection?.storageClass ?? "standard";

/** A rule by its key, however often the key occurs. */
function byKey(rules: readonly LifecycleRule[]): Map<string, LifecycleRule> {
  const found = new Map<string, LifecycleRule>();
  for (const rule of rules) {
    const key = keyOf(rule);
    found.set(found.has(key) ? `${key} ${found.size}` : key, rule);
  }
  return found;
}

/**
 * Compares a lifecycle policy with the one that takes its place.
 *
 * @param before Absent or empty: everything was kept.
 * @param after Absent or empty: everything will be kept.
 */
export function compareLifecyclePolicies(
  before: string | undefined,
  after: string | undefined,
): LifecycleChange {
  const [old, now] = [before ? parse(before) : [], after ? parse(after) : []];
  if (!old || !now) {
    const text = "changes to or from something that is no lifecycle policy";
    return before === after
      ? { changes: [], tightened: [] }
      : { changes: [text], tightened: [text] };
  }
  const [oldRules, newRules] = [byKey(old), byKey(now)];
  const changes: string[] = [];
  const tightened: string[] = [];
  const add = (text: string, isTighter: boolean) => {
    changes.push(text);
    if (isTighter) tightened.push(text);
  };

  for (const [key, rule] of newRules) {
    const earlier = oldRules.get(key);
    if (!earlier) {
      // A rule takes the images that it selects from those after it, but it acts on them itself.
      add(`now ${describeRule(rule)}`, true);
      continue;
    }
    const [from = 0, to = 0] = [earlier.selection?.countNumber, rule.selection?.countNumber];
    if (from !== to) add(`now ${describeRule(rule)} instead of ${from}`, to < from);
  }
  for (const [key, rule] of oldRules) {
    if (newRules.has(key)) continue;
    // Images that a rule selects are protected from the rules after it, and are subject to them once it is gone.
    const keys = [...oldRules.keys()];
    const heir = keys
      .slice(keys.indexOf(key) + 1)
      .map((later) => newRules.get(later))
      .find((later) => later && classOf(later) === classOf(rule));
    add(
      `no longer ${describeRule(rule)}${heir ? `: they fall to the rule that ${describeRule(heir)}` : ""}`,
      heir !== undefined,
    );
  }

  const order = (rules: Map<string, LifecycleRule>, others: Map<string, LifecycleRule>) =>
    [...rules.keys()].filter((key) => others.has(key)).join("\n");
  if (order(oldRules, newRules) !== order(newRules, oldRules)) {
    add("applies its rules in another order", true);
  }
  return { changes, tightened };
}
