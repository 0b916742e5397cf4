import { ROOT } from "./prefix";

/*
 * The scanning configuration of a registry, of which it has one.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
 */

/** How often images are scanned, and what ECR calls it. */
export const SCAN_FREQUENCIES = {
  CONTINUOUS: "CONTINUOUS_SCAN",
  ON_PUSH: "SCAN_ON_PUSH",
} as const;

export type ScanFrequency = keyof typeof SCAN_FREQUENCIES;

/** The most filters of one rule. */
export const MAX_SCANNING_FILTERS = 100;

/** The scanning of an environment with every default filled in. */
export interface Scanning {
  readonly type: "ENHANCED" | "BASIC";
  /** Of the repositories under the environment's prefixes. */
  readonly frequency: ScanFrequency;
  /** All rules of others; absent where it is not known what there is. */
  readonly otherRules?: readonly {
    readonly frequency: ScanFrequency;
    readonly filters: readonly string[];
  }[];
}

/** A rule of a scanning configuration. */
export interface ScanningRule {
  readonly scanFrequency: (typeof SCAN_FREQUENCIES)[ScanFrequency];
  readonly filters: readonly string[];
}

/** What matches the repositories under a prefix. */
export function scanningFilter(prefix: string): string {
  return prefix === ROOT ? "*" : `${prefix}/*`;
}

/** The rules of a registry's configuration: one for each frequency, with the filters of all. */
export function scanningRules(
  { frequency, otherRules = [] }: Scanning,
  prefixes: readonly string[],
): ScanningRule[] {
  return (["CONTINUOUS", "ON_PUSH"] as const).flatMap((when) => {
    const own = when === frequency ? prefixes.map(scanningFilter) : [];
    const others = otherRules
      .filter((rule) => rule.frequency === when)
      .flatMap(({ filters }) => filters);
    const all = [...new Set([...own, ...others])].sort();
    return all.length === 0 ? [] : [{ scanFrequency: SCAN_FREQUENCIES[when], filters: all }];
  });
}

/** Severities of findings, the worst first. */
export const SEVERITIES = [
  "CRITICAL",
  "HIGH",
  "MEDIUM",
  "LOW",
  "INFORMATIONAL",
  "UNDEFINED",
] as const;

export type Severity = (typeof SEVERITIES)[number];
