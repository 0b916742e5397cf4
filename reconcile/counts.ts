/** How many repositories a run dealt with. One can be changed in one respect, and kept or failed in another. */
export interface Counts {
  /** Repositories under the owned prefixes that were looked at. */
  readonly examined: number;
  readonly changed: number;
  readonly kept: number;
  readonly failed: number;
  /** Repositories of the registry that are not under an owned prefix; nothing of them is read or changed. */
  readonly foreign: number;
}

export const NO_COUNTS: Counts = { examined: 0, changed: 0, kept: 0, failed: 0, foreign: 0 };

export function addCounts(left: Counts, right: Counts): Counts {
  return {
    examined: left.examined + right.examined,
    changed: left.changed + right.changed,
    kept: left.kept + right.kept,
    failed: left.failed + right.failed,
    foreign: left.foreign + right.foreign,
  };
}

/** What one repository adds to the counts of a run. */
export function countsOf(report: {
  readonly changes: readonly unknown[];
  readonly kept: readonly unknown[];
  readonly failures: readonly unknown[];
}): Counts {
  return {
    ...NO_COUNTS,
    examined: 1,
    changed: report.changes.length > 0 ? 1 : 0,
    kept: report.kept.length > 0 ? 1 : 0,
    failed: report.failures.length > 0 ? 1 : 0,
  };
}
