import * as z from "zod";
import { type Problem, show } from "../problem";
import { repeated } from "../repeated";
import {
  MAX_SCANNING_FILTERS,
  type Scanning,
  SCAN_FREQUENCIES,
  type ScanFrequency,
  scanningRules,
} from "../scanning";
import { strictObject, textLike } from "../schema";

/*
 * The `scanning` of an environment: cached images are scanned for vulnerabilities.
 */

/** A rule of others in the scanning configuration of a registry. */
export interface ScanningRuleInput {
  /** `ON_PUSH`, or with enhanced scanning also `CONTINUOUS`. */
  readonly frequency: ScanFrequency;
  /** Names of repositories, with `*` for any characters; one without `*` matches every name that contains it. */
  readonly filters: readonly string[];
}

/** The scanning of an environment as a user writes it. */
export type ScanningInput =
  | {
      /** Amazon Inspector scans, at its own price. */
      readonly type: "ENHANCED";
      /** `CONTINUOUS` scans again when vulnerabilities become known, `ON_PUSH` once. Default: `CONTINUOUS`. */
      readonly frequency?: ScanFrequency;
      /**
       * All rules of others in the registry's configuration: deployments keep them. `[]`: there are none. Default: unknown;
       * a plan then fails if it would remove rules, and says which.
       */
      readonly otherRules?: readonly ScanningRuleInput[];
    }
  | {
      /** ECR scans, at no cost. */
      readonly type: "BASIC";
      /** Only `ON_PUSH`, the default: basic scanning knows nothing else. */
      readonly frequency?: "ON_PUSH";
      /**
       * All rules of others in the registry's configuration: deployments keep them. `[]`: there are none. Default: unknown;
       * a plan then fails if it would remove rules, and says which.
       */
      readonly otherRules?: readonly ScanningRuleInput[];
    };

const FREQUENCY = Object.keys(SCAN_FREQUENCIES).map(show).join(" or ");
const frequency = z.enum(["CONTINUOUS", "ON_PUSH"], { error: FREQUENCY });

// Source: the validation of aws_ecr_registry_scanning_configuration.
const filter = textLike(
  /^(?=.{1,256}$)[0-9a-z*](?:[0-9a-z_./*-]?[0-9a-z*]+)*$/,
  "the name of a repository, or a part of it, with * for any characters: at most 256 lower-case letters, digits and _ . / - *",
);

const otherRules = z
  .array(
    strictObject(
      {
        frequency,
        filters: z
          .array(filter, { error: "a list of filters" })
          .min(1, { error: "at least one filter" }),
      },
      "{ frequency: …, filters: […] }",
    ),
    { error: "a list of rules, { frequency: …, filters: […] }" },
  )
  .optional();

const SCANNING = '{ type: "ENHANCED", frequency, otherRules } or { type: "BASIC", otherRules }';

export const scanningSchema = z.discriminatedUnion(
  "type",
  [
    strictObject(
      { type: z.literal("ENHANCED"), frequency: frequency.optional(), otherRules },
      SCANNING,
    ),
    strictObject(
      {
        type: z.literal("BASIC"),
        frequency: z
          .literal("ON_PUSH", { error: '"ON_PUSH": basic scanning scans only what is pushed' })
          .optional(),
        otherRules,
      },
      SCANNING,
    ),
  ],
  { error: SCANNING },
);

/** What is wrong with a scanning whose shape is sound, together with the prefixes of its environment. */
export function scanningProblems(input: ScanningInput, prefixes: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const others = (input.otherRules ?? []).flatMap(({ frequency: when, filters }, rule) =>
    filters.map((one, index) => ({ when, one, path: ["otherRules", rule, "filters", index] })),
  );
  others.forEach(({ when, path }) => {
    if (input.type === "ENHANCED" || when === "ON_PUSH") return;
    problems.push({
      path: ["scanning", path[0]!, path[1]!, "frequency"],
      found: show(when),
      allowed: '"ON_PUSH": basic scanning scans only what is pushed',
    });
  });
  for (const { index } of repeated(others.map(({ when, one }) => `${when} ${one}`))) {
    const { one, path } = others[index]!;
    problems.push({
      path: ["scanning", ...path],
      found: `${show(one)} again`,
      allowed: "a filter once for each frequency",
    });
  }
  for (const { scanFrequency, filters } of scanningRules(resolveScanning(input), prefixes)) {
    if (filters.length <= MAX_SCANNING_FILTERS) continue;
    problems.push({
      path: ["scanning"],
      found: `${filters.length} filters for ${scanFrequency}, those of the prefixes included`,
      allowed: `at most ${MAX_SCANNING_FILTERS}`,
    });
  }
  return problems;
}

/** The scanning with its defaults. */
export function resolveScanning(input: ScanningInput): Scanning {
  return {
    type: input.type,
    frequency: input.frequency ?? (input.type === "ENHANCED" ? "CONTINUOUS" : "ON_PUSH"),
    ...(input.otherRules && {
      otherRules: input.otherRules.map(({ frequency: when, filters }) => ({
        frequency: when,
        filters: [...filters],
      })),
    }),
  };
}
