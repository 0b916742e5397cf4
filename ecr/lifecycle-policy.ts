import * as z from "zod";
import {
  type CountType,
  dayCounter,
  instruct,
  type LifecycleActionName,
  lifecycleActionNames,
  lifecycleActionOf,
  type PolicyAction,
} from "./lifecycle-actions";
import { formatProblem, type Problem, show } from "./problem";
import { schemaProblems, strictObject, textLike, wholeNumber } from "./schema";
import { UserError } from "./user-error";

/*
 * ECR's lifecycle policies, written as what they are for.
 *
 * Source of every limit: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
 */

/** Rules in one policy. */
export const MAX_LIFECYCLE_RULES = 50;
/** Characters in one policy document. */
export const MAX_LIFECYCLE_POLICY_LENGTH = 30_720;
/** `PutLifecyclePolicy` takes no shorter text (a creation template would). */
export const MIN_LIFECYCLE_POLICY_LENGTH = 100;
const MAX_WILDCARDS = 4;

type TagList = readonly [string, ...string[]];

type Selection = Described &
  (
    | {
        /** Which images the rule is about. Default: `tagged` with a tag list, else `any`. */
        readonly tagStatus?: "any" | "untagged";
        /** None: the rule is not about tagged images. */
        readonly tagPatternList?: never;
        /** None: the rule is not about tagged images. */
        readonly tagPrefixList?: never;
      }
    | {
        /** Which images the rule is about. Default: `tagged`. */
        readonly tagStatus?: "tagged";
        /**
         * Patterns of tags, with at most four `*` each. An image must match **all** of them (ECR's rule); write one
         * rule a pattern for "or". Not together with `tagPrefixList`.
         */
        readonly tagPatternList: TagList;
        /** None beside `tagPatternList`. */
        readonly tagPrefixList?: never;
      }
    | {
        /** Which images the rule is about. Default: `tagged`. */
        readonly tagStatus?: "tagged";
        /** None beside `tagPrefixList`. */
        readonly tagPatternList?: never;
        /** Beginnings of tags; an image must have a tag for **each** of them. Not together with `tagPatternList`. */
        readonly tagPrefixList: TagList;
      }
  );

interface Described {
  /** Text for those who read the policy. Default: what the rule does, in words. */
  readonly description?: string;
}

/** The actions, each with its number. */
interface Actions extends Record<LifecycleActionName, number> {
  /** Expires all but the newest images, this many. */
  readonly keepImages: number;
  /** Expires images this many days after ECR cached them (not after the upstream published them). */
  readonly expireAfterDays: number;
  /** Archives all but the newest images, this many. A pull of an archived image fails until it is restored. */
  readonly archiveBeyondImages: number;
  /** Archives images this many days after ECR cached them. A pull of an archived image fails until it is restored. */
  readonly archiveAfterDays: number;
  /** Archives images that nobody has pulled for this many days. A pull of an archived image fails until it is restored. */
  readonly archiveAfterDaysUnpulled: number;
  /** Expires images this many days after they were archived: at least 90. */
  readonly expireArchivedAfterDays: number;
}

/** One action, and none of the others. */
type Only<Name extends LifecycleActionName> = Pick<Actions, Name> &
  Readonly<Partial<Record<Exclude<keyof Actions, Name>, never>>>;

/**
 * One lifecycle rule: exactly one of the actions, and the images that it is about.
 *
 * - `keepImages: n` expires all but the newest n.
 * - `expireAfterDays: n` expires images n days after ECR cached them (not after the upstream published them).
 * - `archiveBeyondImages: n`, `archiveAfterDays: n` and `archiveAfterDaysUnpulled: n` move images to archive storage.
 *   A pull of an archived image fails until it is restored.
 * - `expireArchivedAfterDays: n` expires archived images; n is at least 90.
 *
 * ECR cannot expire by last pull: archive unpulled images first, then expire the archived ones.
 */
export type LifecycleRule = Selection &
  { [Name in LifecycleActionName]: Only<Name> }[LifecycleActionName];

/** What retention an environment or a rule may ask for: one rule or a list of them. */
export type Retention = LifecycleRule | readonly LifecycleRule[];

/** The retention of an environment that asks for none. */
export const DEFAULT_RETENTION: Retention = { keepImages: 10 };

/** A rule as ECR has it. */
export interface LifecyclePolicyRule {
  readonly rulePriority: number;
  readonly description: string;
  readonly selection: {
    readonly tagStatus: "any" | "tagged" | "untagged";
    readonly tagPatternList?: readonly string[];
    readonly tagPrefixList?: readonly string[];
    readonly storageClass?: "archive";
    readonly countType: CountType;
    readonly countUnit?: "days";
    readonly countNumber: number;
  };
  readonly action: PolicyAction;
}

/** A lifecycle policy document as ECR has it. */
export interface LifecyclePolicyDocument {
  readonly rules: readonly LifecyclePolicyRule[];
}

const tagList = (entry: z.ZodString) =>
  z.array(entry, { error: "a list of strings" }).min(1, { error: "at least one entry" });

function countSchema(name: LifecycleActionName) {
  const { minimum } = lifecycleActionOf(name);
  return minimum
    ? wholeNumber(minimum.count, `a whole number from ${minimum.count}: ${minimum.reason}`)
    : wholeNumber(1);
}

const counts = Object.fromEntries(
  lifecycleActionNames.map((name) => [name, countSchema(name).optional()]),
);

/** One lifecycle rule. */
export const lifecycleRuleSchema = strictObject(
  {
    tagStatus: z
      .enum(["any", "tagged", "untagged"], { error: "any, tagged or untagged" })
      .optional(),
    tagPatternList: tagList(
      textLike(/^[A-Za-z0-9._*-]+$/, "a tag with * for any characters").refine(
        (pattern) => pattern.split("*").length - 1 <= MAX_WILDCARDS,
        {
          error: `at most ${MAX_WILDCARDS} wildcards (*) in a pattern`,
        },
      ),
    ).optional(),
    tagPrefixList: tagList(
      textLike(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, "the beginning of a tag"),
    ).optional(),
    description: textLike(
      /^(?![^]*[$%]\{)[^"\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u,
      'a line without " and \\, ${ and %{',
    ).optional(),
    ...counts,
  },
  "a lifecycle rule such as { keepImages: 10 }, or a list of them",
);

function asList(retention: Retention): readonly LifecycleRule[] {
  return Array.isArray(retention) ? (retention as LifecycleRule[]) : [retention as LifecycleRule];
}

function actionsOf(rule: object): LifecycleActionName[] {
  return lifecycleActionNames.filter(
    (name) => (rule as Record<string, unknown>)[name] !== undefined,
  );
}

/** The action of a rule that has exactly one. */
const actionOf = (rule: LifecycleRule): LifecycleActionName => actionsOf(rule)[0]!;

function tagStatusOf(rule: Selection): "any" | "tagged" | "untagged" {
  return rule.tagStatus ?? (rule.tagPatternList || rule.tagPrefixList ? "tagged" : "any");
}

function ruleProblems(rule: unknown, path: PropertyKey[]): Problem[] {
  const problems = schemaProblems(lifecycleRuleSchema, rule, path);
  return problems.length > 0 ? problems : selectionProblems(rule as LifecycleRule, path);
}

function selectionProblems(rule: LifecycleRule, path: PropertyKey[]): Problem[] {
  const problems: Problem[] = [];
  const named = actionsOf(rule);
  if (named.length !== 1) {
    problems.push({
      path,
      found: named.length === 0 ? "no action" : named.join(" and "),
      allowed: `exactly one of ${lifecycleActionNames.join(", ")}`,
    });
  }
  const lists = (["tagPatternList", "tagPrefixList"] as const).filter((list) => rule[list]);
  if (lists.length === 2) {
    problems.push({
      path,
      found: "tagPatternList and tagPrefixList",
      allowed: "one of the two in a rule",
    });
  }
  if (rule.tagStatus === "tagged" && lists.length === 0) {
    problems.push({
      path,
      found: 'tagStatus "tagged" alone',
      allowed: 'tagStatus "tagged" with a tagPatternList (["*"] for every tag) or a tagPrefixList',
    });
  }
  if (rule.tagStatus !== undefined && rule.tagStatus !== "tagged" && lists.length > 0) {
    problems.push({
      path: [...path, "tagStatus"],
      found: show(rule.tagStatus),
      allowed: '"tagged", since the rule has a tag list',
    });
  }
  return problems;
}

const storageClassOf = (rule: LifecycleRule): "standard" | "archive" =>
  lifecycleActionOf(actionOf(rule)).storageClass ?? "standard";

function listProblems(
  rules: readonly LifecycleRule[],
  pathOf: (index: number) => PropertyKey[],
): Problem[] {
  const problems: Problem[] = [];
  for (const storageClass of ["standard", "archive"] as const) {
    const within = rules
      .map((rule, index) => ({ rule, index }))
      .filter(({ rule }) => storageClassOf(rule) === storageClass);

    for (const [tagStatus, reason] of [
      ["any", "such a rule must come last, so there is room for one"],
      ["untagged", "ECR takes one"],
    ] as const) {
      const [, ...more] = within.filter(({ rule }) => tagStatusOf(rule) === tagStatus);
      for (const { index } of more) {
        problems.push({
          path: pathOf(index),
          found: `another rule for tagStatus "${tagStatus}"`,
          allowed: `one such rule for ${storageClass} storage: ${reason}`,
        });
      }
    }

    const seen = new Set<string>();
    for (const { rule, index } of within) {
      for (const prefix of rule.tagPrefixList ?? []) {
        if (seen.has(prefix)) {
          problems.push({
            path: [...pathOf(index), "tagPrefixList"],
            found: `${show(prefix)} again`,
            allowed: `a tag prefix once among the rules for ${storageClass} storage`,
          });
        }
        seen.add(prefix);
      }
    }
  }
  return problems;
}

/**
 * Everything in a retention that ECR would refuse, with paths below `path`. An empty list: `lifecyclePolicy` accepts it.
 */
export function lifecycleProblems(
  retention: unknown,
  path: readonly PropertyKey[] = [],
): Problem[] {
  const isList = Array.isArray(retention);
  const rules = isList ? (retention as unknown[]) : [retention];
  const pathOf = (index: number): PropertyKey[] => (isList ? [...path, index] : [...path]);

  if (rules.length === 0 || rules.length > MAX_LIFECYCLE_RULES) {
    return [
      {
        path,
        found: rules.length === 0 ? "an empty list" : `${rules.length} rules`,
        allowed: `1 to ${MAX_LIFECYCLE_RULES} lifecycle rules`,
      },
    ];
  }
  const single = rules.flatMap((rule, index) => ruleProblems(rule, pathOf(index)));
  if (single.length > 0) return single;

  const sound = rules as LifecycleRule[];
  const together = listProblems(sound, pathOf);
  if (together.length > 0) return together;

  const length = formatLifecyclePolicy(toDocument(sound)).length;
  if (length < MIN_LIFECYCLE_POLICY_LENGTH || length > MAX_LIFECYCLE_POLICY_LENGTH) {
    return [
      {
        path,
        found: `a policy of ${length} characters`,
        allowed: `${MIN_LIFECYCLE_POLICY_LENGTH} to ${MAX_LIFECYCLE_POLICY_LENGTH} characters`,
      },
    ];
  }
  return [];
}

function toPolicyRule(rule: LifecycleRule, rulePriority: number): LifecyclePolicyRule {
  const name = actionOf(rule);
  const entry = lifecycleActionOf(name);
  const countNumber = rule[name]!;
  return {
    rulePriority,
    description: rule.description ?? instruct(entry, countNumber),
    selection: {
      tagStatus: tagStatusOf(rule),
      ...(rule.tagPatternList && { tagPatternList: [...rule.tagPatternList] }),
      ...(rule.tagPrefixList && { tagPrefixList: [...rule.tagPrefixList] }),
      ...(entry.storageClass && { storageClass: entry.storageClass }),
      countType: entry.countType,
      // ECR refuses a unit with a count of images, and requires it with a count of days.
      ...(dayCounter(entry.countType) && { countUnit: "days" as const }),
      countNumber,
    },
    action: entry.action,
  };
}

function toDocument(rules: readonly LifecycleRule[]): LifecyclePolicyDocument {
  const catchAll = rules.filter((rule) => tagStatusOf(rule) === "any");
  const specific = rules.filter((rule) => tagStatusOf(rule) !== "any");
  return {
    rules: [...specific, ...catchAll].map((rule, index) => toPolicyRule(rule, index + 1)),
  };
}

/**
 * The policy document for typed rules. Priorities are the rules' order, with rules for `any` image moved to the end,
 * where ECR wants them.
 *
 * @throws UserError with a line for each thing that ECR would refuse.
 */
export function lifecyclePolicy(retention: Retention): LifecyclePolicyDocument {
  const problems = lifecycleProblems(retention);
  if (problems.length > 0) {
    throw new UserError(
      problems.map((problem) => formatProblem(problem, "lifecycle policy")).join("\n"),
    );
  }
  return toDocument(asList(retention));
}

/** The text of a policy: no white space, no absent keys, keys always in the same order. */
export function formatLifecyclePolicy(document: LifecyclePolicyDocument): string {
  return JSON.stringify(document);
}
