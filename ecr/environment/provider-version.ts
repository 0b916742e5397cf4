import minVersion from "semver/ranges/min-version";
import isSubset from "semver/ranges/subset";

/** The versions of hashicorp/aws that the stacks work with: every release that the project is tested for. */
export const AWS_PROVIDER_VERSION = ">= 5.100.0, < 7.0.0";

const SUPPORTED = ">=5.100.0 <7.0.0-0";

/**
 * One condition of a Terraform version constraint in npm's grammar, which differs only in `~>`: there the last part
 * given may grow.
 * Source: https://developer.hashicorp.com/terraform/language/expressions/version-constraints
 */
function toNpmRange(condition: string): string | undefined {
  const match = /^ *(=|!=|>|>=|<|<=|~>)? *(\d+(?:\.\d+){0,2}) *$/.exec(condition);
  if (!match) return undefined;
  const [, operator = "=", version = ""] = match;
  const parts = version.split(".").map(Number);
  const full = [...parts, 0, 0].slice(0, 3).join(".");
  if (operator === "!=") return `<${full} || >${full}`;
  // Not a prerelease: Terraform selects one only where a constraint names it.
  if (operator === "<") return `<${full}-0`;
  if (operator !== "~>") return `${operator}${full}`;
  // Terraform takes "~> 6" for "~> 6.0".
  const upper = parts
    .slice(0, Math.max(1, parts.length - 1))
    .map((part, index, all) => (index === all.length - 1 ? part + 1 : part));
  return `>=${full} <${[...upper, 0, 0].slice(0, 3).join(".")}-0`;
}

/**
 * Whether a constraint of Terraform allows a version, and none outside of a range.
 *
 * @param range In npm's grammar.
 * @returns False also for text that is no constraint.
 */
export function allowsOnly(constraint: string, range: string): boolean {
  const ranges = constraint.split(",").map(toNpmRange);
  if (ranges.includes(undefined)) return false;
  // "a || b" binds weaker than a space in npm's grammar, so conditions are multiplied out.
  const alternatives = ranges.reduce<string[]>(
    (sofar, condition) =>
      sofar.flatMap((left) =>
        (condition ?? "").split(" || ").map((right) => `${left} ${right}`.trim()),
      ),
    [""],
  );
  const allowed = alternatives.join(" || ");
  return minVersion(allowed) !== null && isSubset(allowed, range);
}

/** Whether a constraint allows a version, and none that `AWS_PROVIDER_VERSION` does not allow. */
export function narrowsAwsProviderVersion(constraint: string): boolean {
  return allowsOnly(constraint, SUPPORTED);
}
