import type { PullThroughCacheRule } from "@aws-sdk/client-ecr";
import type { Environment, Rule } from "../ecr/environment";
import { needsUpstreamRole } from "../ecr/policies";
import { normalizePrefix, ROOT } from "../ecr/prefix";
import { parseSecretArn } from "./credential-secret";

/**
 * The state of a rule.
 *
 * - `in-order`: it exists as the environment has it.
 * - `missing`: the environment has it, ECR does not.
 * - `different`: both have it, and not the same.
 * - `unknown`: ECR has it, and no environment of this account and region does.
 * - `other-environment`: another environment of this account and region has it.
 */
export type RuleState = "in-order" | "missing" | "different" | "unknown" | "other-environment";

/** One thing in which a rule is not as the environment has it. */
export interface RuleDifference {
  readonly field: "upstream" | "upstreamPrefix" | "credential" | "role";
  /** Null: there is no such rule. */
  readonly found: string | null;
  /** Null: there should be none. */
  readonly expected: string | null;
}

/** A rule of one region: as the environment has it, as ECR has it, or both. */
export interface RuleComparison {
  readonly region: string;
  readonly prefix: string;
  readonly state: RuleState;
  readonly differences: readonly RuleDifference[];
  /** As the environment has it. */
  readonly rule?: Rule;
  /** As ECR has it. */
  readonly existing?: PullThroughCacheRule;
  /** The other environment, where it is one's. */
  readonly owner?: string;
}

/** Whether a rule is something to act on. */
export function isFinding({ state }: Pick<RuleComparison, "state">): boolean {
  return state !== "in-order" && state !== "other-environment";
}

/** An upstream prefix as the environment writes it: ECR's `ROOT` means no prefix. */
export function describeUpstreamPrefix(prefix: string | undefined): string | null {
  return prefix === undefined || prefix === ROOT ? null : normalizePrefix(prefix);
}

/** The name of a secret where it can be that of the region's, else its whole ARN. */
export function describeSecret(
  arn: string | undefined,
  registry: Pick<Environment, "account">,
  region: string,
): string | null {
  if (arn === undefined) return null;
  const parsed = parseSecretArn(arn);
  const isLocal = parsed?.account === registry.account && parsed.region === region;
  return isLocal ? parsed.name : arn;
}

const FIELDS: Readonly<Record<RuleDifference["field"], string>> = {
  upstream: "upstream",
  upstreamPrefix: "upstream prefix",
  credential: "credential",
  role: "role",
};

/** A difference in words. */
export function describeDifference({ field, found, expected }: RuleDifference): string {
  return `${FIELDS[field]}: found ${found ?? "none"}, expected ${expected ?? "none"}`;
}

/** In what a rule that exists is not as the environment has it. */
export function ruleDifferences(
  environment: Environment,
  region: string,
  rule: Rule,
  existing: PullThroughCacheRule,
): RuleDifference[] {
  const differences: RuleDifference[] = [];
  const compare = (field: RuleDifference["field"], found: string | null, expected: string | null) =>
    found !== expected && differences.push({ field, found, expected });

  compare("upstream", existing.upstreamRegistryUrl ?? null, rule.upstreamUrl);
  compare(
    "upstreamPrefix",
    describeUpstreamPrefix(existing.upstreamRepositoryPrefix),
    describeUpstreamPrefix(rule.upstreamPrefix),
  );
  compare(
    "credential",
    describeSecret(existing.credentialArn, environment, region),
    rule.credential?.secretName ?? null,
  );
  const role = existing.customRoleArn ?? null;
  if (!needsUpstreamRole(environment, rule)) {
    compare("role", role, null);
  } else if (role?.split(":")[4] !== environment.account) {
    compare("role", role, `a role of account ${environment.account}`);
  }
  return differences;
}

/** The environment whose rule a prefix is in an account and region, other than the given one. */
function ownerOf(
  environments: readonly Environment[],
  environment: Environment,
  region: string,
  prefix: string,
): string | undefined {
  return environments.find(
    ({ name, account, regions, rules }) =>
      name !== environment.name &&
      account === environment.account &&
      regions.includes(region) &&
      rules.some((rule) => rule.prefix === prefix),
  )?.name;
}

/**
 * The rules of an environment in a region beside those that exist there: first the environment's in their order, then
 * the others by prefix.
 *
 * @param environments All environments, so that another one's rules are not taken for unknown ones.
 */
export function compareRules(
  environment: Environment,
  region: string,
  existing: readonly PullThroughCacheRule[],
  environments: readonly Environment[] = [environment],
): RuleComparison[] {
  const byPrefix = new Map(
    existing.map((rule) => [normalizePrefix(rule.ecrRepositoryPrefix ?? ""), rule]),
  );
  const own = environment.rules.map((rule): RuleComparison => {
    const found = byPrefix.get(rule.prefix);
    const common = { region, prefix: rule.prefix, rule };
    if (!found) return { ...common, state: "missing", differences: [] };
    const differences = ruleDifferences(environment, region, rule, found);
    const state = differences.length === 0 ? "in-order" : "different";
    return { ...common, state, differences, existing: found };
  });
  const ownPrefixes = new Set(environment.rules.map(({ prefix }) => prefix));
  const others = [...byPrefix]
    .filter(([prefix]) => !ownPrefixes.has(prefix))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([prefix, rule]): RuleComparison => {
      const owner = ownerOf(environments, environment, region, prefix);
      return {
        region,
        prefix,
        differences: [],
        existing: rule,
        ...(owner === undefined ? { state: "unknown" } : { state: "other-environment", owner }),
      };
    });
  return [...own, ...others];
}
