import { existingRules } from "../../registry/existing";
import {
  compareRules,
  describeDifference,
  describeSecret,
  describeUpstreamPrefix,
  isFinding,
  type RuleComparison,
  type RuleState,
} from "../../registry/rule-comparison";
import type { Environment } from "../../ecr/environment";
import type { Aws } from "../../registry/aws/with-aws";
import type { RegionsContext } from "../shell/context";
import { inEachRegion } from "../shell/regions";
import { type Column, count, printJson, printTable } from "../shell/output";
import type { Session } from "../shell/session";
import type { RuleJson } from "./json";

function toJson(environment: Environment, comparison: RuleComparison): RuleJson {
  const { region, prefix, state, differences, rule, existing, owner } = comparison;
  return {
    region,
    prefix,
    state,
    environment: owner ?? null,
    upstream: (existing ? existing.upstreamRegistryUrl : rule?.upstreamUrl) ?? null,
    upstreamPrefix: describeUpstreamPrefix(
      existing ? existing.upstreamRepositoryPrefix : rule?.upstreamPrefix,
    ),
    only: rule?.only ? [...rule.only] : null,
    credential: existing
      ? describeSecret(existing.credentialArn, environment, region)
      : (rule?.credential?.secretName ?? null),
    role: existing?.customRoleArn ?? null,
    createdAt: existing?.createdAt?.toISOString() ?? null,
    // A rule that was never updated has no such time.
    updatedAt: (existing?.updatedAt ?? existing?.createdAt)?.toISOString() ?? null,
    differences,
  };
}

const note = ({ environment, differences }: RuleJson): string =>
  environment ?? differences.map(describeDifference).join("; ");

const columns: readonly Column<RuleJson>[] = [
  { title: "REGION", value: ({ region }) => region },
  { title: "PREFIX", value: ({ prefix }) => prefix },
  { title: "UPSTREAM", value: ({ upstream }) => upstream ?? "-" },
  { title: "CREDENTIAL", value: ({ credential }) => credential ?? "-" },
  {
    title: "UPDATED (UTC)",
    value: ({ updatedAt }) => updatedAt?.slice(0, 16).replace("T", " ") ?? "-",
  },
  { title: "STATE", value: ({ state }) => state.replace("-", " ") },
  { title: "NOTE", value: note },
];

/** What to do about findings, in one line per state. */
function advice({ name, regions }: Environment, findings: readonly RuleJson[]): string[] {
  const has = (wanted: RuleState) => findings.some(({ state }) => state === wanted);
  return [
    ...(has("missing") || has("different")
      ? [`To correct missing and different rules, run npx cdktf deploy ${name}.`]
      : []),
    ...(has("unknown")
      ? [
          "Rules that no environment has: declare each in an environment as below, and deploy it; or delete them if nobody pulls through them.",
          ...unknownRules(findings, regions),
        ]
      : []),
  ];
}

/** How each rule that no environment has is imported: without its template, which the console does not create. */
function unknownRules(findings: readonly RuleJson[], regions: readonly string[]): string[] {
  const unknown = findings.filter(({ state }) => state === "unknown");
  const prefixes = [...new Set(unknown.map(({ prefix }) => prefix))];
  return prefixes.map((prefix) => {
    const found = unknown.filter((rule) => rule.prefix === prefix).map(({ region }) => region);
    const adopt =
      found.length === regions.length
        ? '["rule"]'
        : `[{ kinds: ["rule"], regions: ${JSON.stringify(found)} }]`;
    return `  ${prefix}: adopt: ${adopt}`;
  });
}

/** Compares the rules of an environment with those that exist, and prints the result. */
export async function runRules(
  session: Session,
  aws: Aws,
  { environment, regions, environments }: RegionsContext,
  json: boolean,
): Promise<void> {
  const comparisons = await inEachRegion(session, regions, async (region) =>
    compareRules(environment, region, await existingRules(await aws.ecr(region)), environments),
  );
  const rules = comparisons.flatMap(({ result }) =>
    result.map((comparison) => toJson(environment, comparison)),
  );
  const findings = rules.filter(isFinding);
  if (findings.length > 0 && session.exitCode === 0) session.exitCode = 1;
  if (json) {
    printJson(session, rules);
    return;
  }
  printTable(session, columns, rules);
  const inOrder = rules.filter(({ state }) => state === "in-order").length;
  const wanted = environment.rules.length * comparisons.length;
  session.stderr.write(
    [
      `${inOrder} of ${count(wanted, "rule")} of environment ${environment.name} in order.`,
      ...advice(environment, findings),
    ]
      .map((line) => `${line}\n`)
      .join(""),
  );
}
