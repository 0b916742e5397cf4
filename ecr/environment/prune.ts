import * as z from "zod";
import { type Problem, show } from "../problem";
import { MIN_UNPULLED_DAYS, PRUNE_DEFAULTS } from "../prune-defaults";
import { partitionOf } from "../region";
import { repeated } from "../repeated";
import { strictObject, textLike, wholeNumber } from "../schema";

/*
 * The `prune` of an environment: cached images that nobody pulls are deleted.
 */

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html */
const MAX_EXCLUSIONS = 100;

/**
 * Characters of all ARNs of exclusions. All environment variables of a function may have 4 KB
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and its prefixes need some of them.
 */
const MAX_EXCLUSIONS_LENGTH = 1_500;

// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
export const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/;

/** The pruning of an environment as a user writes it; `{}` takes every default. */
export interface PruneInput {
  /** Images that nobody has pulled for this many days are deleted, at least 2. Default: 90. */
  readonly unpulledForDays?: number;
  /** Images and indexes that stay in each repository whatever their age, those used last. Default: 1. */
  readonly keepAtLeast?: number;
  /** Whether the scheduled run only logs what it would delete. Default: false. */
  readonly dryRun?: boolean;
  /**
   * The ARNs of roles of the account, such as scanners', whose pulls do not count: the scheduled run registers them as
   * pull-time update exclusions, with the role of `assumeRole`. Default: none.
   */
  readonly pullTimeUpdateExclusions?: readonly string[];
}

/** The pruning of an environment with every default filled in. */
export interface Prune {
  readonly unpulledForDays: number;
  readonly keepAtLeast: number;
  readonly dryRun: boolean;
  /** The ARNs of roles. */
  readonly pullTimeUpdateExclusions: readonly string[];
}

const EXCLUSIONS = `a list of the ARNs of at most ${MAX_EXCLUSIONS} IAM roles`;

export const pruneSchema = strictObject(
  {
    unpulledForDays: wholeNumber(MIN_UNPULLED_DAYS).optional(),
    keepAtLeast: wholeNumber(0).optional(),
    dryRun: z.boolean({ error: "true or false" }).optional(),
    pullTimeUpdateExclusions: z
      .array(textLike(ROLE_ARN, "the ARN of an IAM role, arn:PARTITION:iam::ACCOUNT:role/NAME"), {
        error: EXCLUSIONS,
      })
      .max(MAX_EXCLUSIONS, { error: EXCLUSIONS })
      .optional(),
  },
  "{ unpulledForDays, keepAtLeast, dryRun, pullTimeUpdateExclusions }, or {} for the defaults",
);

/** What is wrong with a pruning whose shape is sound, together with the rest of its environment. */
export function pruneProblems(
  { pullTimeUpdateExclusions: roles = [] }: PruneInput,
  {
    account,
    regions,
    hasMaintenance,
  }: {
    readonly account: string;
    readonly regions: readonly string[];
    /** Whether `maintenance` is set, if only to be switched off. */
    readonly hasMaintenance: boolean;
  },
): Problem[] {
  const problems: Problem[] = [];
  if (!hasMaintenance) {
    problems.push({
      path: ["prune"],
      found: "no maintenance",
      allowed: "with maintenance, whose scheduled run prunes: maintenance: {}",
    });
  }
  const path = ["prune", "pullTimeUpdateExclusions"];
  const partition = partitionOf(regions[0] ?? "");
  roles.forEach((arn, index) => {
    const [, found, , , owner] = arn.split(":");
    if (found === partition && owner === account) return;
    problems.push({
      path: [...path, index],
      found: `a role of ${owner} in the partition ${found}`,
      allowed: `roles of account ${account} in the partition ${partition}`,
    });
  });
  const { length } = roles.join();
  if (length > MAX_EXCLUSIONS_LENGTH) {
    problems.push({
      path,
      found: `ARNs of ${length} characters together`,
      allowed: `at most ${MAX_EXCLUSIONS_LENGTH}: register the others yourself (docs/operations.md, Pruning)`,
    });
  }
  for (const { value, index } of repeated(roles)) {
    problems.push({
      path: [...path, index],
      found: `${show(value)} again`,
      allowed: "a role once",
    });
  }
  return problems;
}

/** The pruning with its defaults; undefined where nothing is to be pruned on the schedule. */
export function resolvePrune(
  input: PruneInput | undefined,
  operatorRole: string | undefined,
): Prune | undefined {
  if (!input) return undefined;
  const exclusions = [operatorRole, ...(input.pullTimeUpdateExclusions ?? [])];
  return {
    unpulledForDays: input.unpulledForDays ?? PRUNE_DEFAULTS.unpulledForDays,
    keepAtLeast: input.keepAtLeast ?? PRUNE_DEFAULTS.keepAtLeast,
    dryRun: input.dryRun ?? false,
    pullTimeUpdateExclusions: [
      ...new Set(exclusions.filter((arn): arn is string => arn !== undefined)),
    ],
  };
}
