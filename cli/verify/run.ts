import { othersWithAccess } from "../../ecr/environment";
import { needsTemplateRole, registryPolicy } from "../../ecr/policies";
import { repositoryKeyUses } from "../../ecr/policies/keys";
import type { RegionalTarget } from "../../registry/target";
import { existingTemplates, readOwnership } from "../../registry/existing";
import type { Aws } from "../../registry/aws/with-aws";
import { isCallError, isDenied } from "../../registry/aws/errors";
import { explainError } from "../../registry/aws/remedies";
import type { RegionsContext } from "../shell/context";
import { printChecklist } from "../shell/checklist";
import type { Column } from "../shell/output";
import { warnOfRecordedPulls } from "../shell/pull-times";
import type { Session } from "../shell/session";
import { checkRule, type Outcome } from "../../registry/rule-validation";
import {
  checkPull,
  checkPullTimes,
  checkRegistryPolicy,
  checkRole,
  checkSecret,
  checkServiceLinkedRole,
  checkTemplate,
  PULL_THROUGH_CACHE_ROLE,
  TEMPLATE_ROLE,
} from "./checks";
import type { CheckJson } from "./json";
import { checkKey, checkTopicKey } from "./keys";
import { checkScanning } from "./scanning";
import { checkRepositoryPolicies } from "./repository-policies";

interface Check extends Pick<CheckJson, "region" | "check" | "subject"> {
  readonly make: () => Promise<Outcome> | Outcome;
}

export interface VerifyRequest {
  /** What is to be pulled. */
  readonly targets: readonly RegionalTarget[];
  readonly maxAgeDays: number;
  readonly json: boolean;
}

/** Work that several checks wait for, and is done once, when the first of them does. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => (result ??= work());
}

function checksOfRegion(
  aws: Aws,
  region: string,
  { environment, environments }: RegionsContext,
  { targets, maxAgeDays }: VerifyRequest,
): Check[] {
  const { rules, access, maintenance, prune, scanning } = environment;
  const exclusions = prune?.pullTimeUpdateExclusions ?? [];
  const check = (kind: CheckJson["check"], subject: string, make: Check["make"]): Check => ({
    region,
    check: kind,
    subject,
    make,
  });
  const templates = once(async () => existingTemplates(await aws.ecr(region)));
  const ownership = once(async () =>
    readOwnership(await aws.ecr(region), environment, region, environments),
  );
  const policy = registryPolicy(environment, region);
  const keys = rules.flatMap(({ encryption }) =>
    encryption.type === "KMS" ? (encryption.kmsKeys[region] ?? []) : [],
  );
  const topic = maintenance?.notifications.topicArns[region];
  return [
    ...rules.map((rule) =>
      check("rule", rule.prefix, async () =>
        checkRule(await aws.ecr(region), environment, region, rule),
      ),
    ),
    ...rules.flatMap((rule) => {
      const { credential } = rule;
      if (!credential) return [];
      return check("secret", credential.secretName, async () =>
        checkSecret(
          await aws.secretsManager(region),
          environment,
          region,
          { ...rule, credential },
          maxAgeDays,
        ),
      );
    }),
    ...rules.map((rule) =>
      check("template", rule.prefix, async () =>
        checkTemplate(await templates(), environment, region, rule),
      ),
    ),
    ...(policy
      ? [
          check(
            "registry-policy",
            othersWithAccess(environment).join(", ") || "registryStatements",
            async () => checkRegistryPolicy(await aws.ecr(region), environment, policy),
          ),
        ]
      : []),
    check("repository-policies", rules.map(({ prefix }) => prefix).join(", "), async () =>
      checkRepositoryPolicies(await aws.ecr(region), environment, region, await ownership()),
    ),
    ...access.roles.map((role) =>
      check("role", role, async () => checkRole(await aws.iam(), environment, region, role)),
    ),
    ...[...new Set(keys)].map((key) =>
      check("key", key, async () =>
        checkKey(await aws.kms(region), environment, key, repositoryKeyUses(environment, region)),
      ),
    ),
    ...(topic === undefined
      ? []
      : [check("key", topic, async () => checkTopicKey(aws, environment, region, topic))]),
    ...(scanning
      ? [
          check("scanning", scanning.type, async () =>
            checkScanning(await aws.ecr(region), environment, scanning),
          ),
        ]
      : []),
    ...(exclusions.length > 0
      ? [
          check("pull-times", exclusions.join(", "), async () =>
            checkPullTimes(await aws.ecr(region), exclusions),
          ),
        ]
      : []),
    ...targets
      .filter((target) => target.region === region)
      .map((target) =>
        check("pull", target.image, async () =>
          checkPull(await aws.ecr(region), environment, await ownership(), target),
        ),
      ),
  ];
}

function checksOfAccount(aws: Aws, { environment }: RegionsContext): Check[] {
  const usesTemplateRole = environment.rules.some((rule) => !needsTemplateRole(environment, rule));
  return [PULL_THROUGH_CACHE_ROLE, ...(usesTemplateRole ? [TEMPLATE_ROLE] : [])].map((role) => ({
    region: null,
    check: "service-linked-role",
    subject: role.name,
    make: async () => checkServiceLinkedRole(await aws.iam(), role),
  }));
}

async function outcomeOf({ make }: Check): Promise<Outcome> {
  try {
    return await make();
  } catch (error) {
    // A call that fails, such as for a permission that is missing, leaves the other checks.
    if (!isCallError(error)) throw error;
    return {
      state: "not-checked",
      detail: explainError(error),
      remedy: isDenied(error)
        ? "grant the caller the permission, and verify again"
        : "verify again",
    };
  }
}

const CHECKS: Readonly<Record<CheckJson["check"], string>> = {
  rule: "rule",
  secret: "secret",
  template: "template",
  "registry-policy": "registry policy",
  "repository-policies": "repository policies",
  role: "role",
  "service-linked-role": "service-linked role",
  key: "KMS key",
  "pull-times": "pull times",
  scanning: "scanning",
  pull: "pull",
};

const columns: readonly Column<CheckJson>[] = [
  { title: "REGION", value: ({ region }) => region ?? "-" },
  { title: "CHECK", value: ({ check }) => CHECKS[check] },
  { title: "SUBJECT", value: ({ subject }) => subject },
  { title: "STATE", value: ({ state }) => state.replace("-", " ") },
  { title: "DETAIL", value: ({ detail }) => detail ?? "" },
];

function nameOf({ region, check, subject }: CheckJson): string {
  return `${CHECKS[check]} ${subject}${region === null ? "" : ` in ${region}`}`;
}

/** Makes every check, and prints the results. */
export async function runVerify(
  session: Session,
  aws: Aws,
  context: RegionsContext,
  request: VerifyRequest,
): Promise<void> {
  for (const region of new Set(request.targets.map((target) => target.region))) {
    await warnOfRecordedPulls(session, aws, context.environment, region);
  }
  const checks = [
    ...context.regions.flatMap((region) => checksOfRegion(aws, region, context, request)),
    ...checksOfAccount(aws, context),
  ];
  await printChecklist(
    session,
    {
      items: checks,
      check: async (check): Promise<CheckJson> => {
        const { region, check: kind, subject } = check;
        const { state, detail = null, remedy = null } = await outcomeOf(check);
        return { region, check: kind, subject, state, detail, remedy };
      },
      noun: "check",
      goodState: "ok",
      columns,
      nameOf,
    },
    context.environment.name,
    request.json,
  );
}
