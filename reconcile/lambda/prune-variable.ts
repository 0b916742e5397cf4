import type { Prune } from "../../ecr/environment/prune";

/** The value of the variable `PRUNE`. */
export function formatPrune(prune: Prune): string {
  return JSON.stringify(prune);
}

/**
 * What the variable `PRUNE` says; undefined without one.
 *
 * @throws Error where a field is missing or of another kind: what nobody asked for must not be deleted.
 */
export function parsePrune(value: string | undefined): Prune | undefined {
  if (!value) return undefined;
  const { unpulledForDays, keepAtLeast, dryRun, pullTimeUpdateExclusions } = JSON.parse(
    value,
  ) as Partial<Prune>;
  if (
    !isCount(unpulledForDays, 1) ||
    !isCount(keepAtLeast, 0) ||
    typeof dryRun !== "boolean" ||
    !Array.isArray(pullTimeUpdateExclusions)
  ) {
    throw new Error(
      `environment variable PRUNE: found ${value}; allowed: { unpulledForDays, keepAtLeast, dryRun, pullTimeUpdateExclusions }`,
    );
  }
  return { unpulledForDays, keepAtLeast, dryRun, pullTimeUpdateExclusions };
}

function isCount(value: unknown, minimum: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= minimum;
}
