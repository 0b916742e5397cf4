import type { Credential, Environment, Rule } from "../../ecr/environment";
import { upstreamOf } from "../../ecr/upstreams";
import { formatDay } from "../shell/format";
import { mapAll } from "../../registry/aws/map-concurrently";
import type { Aws } from "../../registry/aws/with-aws";
import { explainAwsError, isDenied } from "../../registry/aws/errors";
import { inspectSecret, secretRemedy } from "../../registry/secret-state";
import type { RegionsContext } from "../shell/context";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import type { Session } from "../shell/session";
import { checkRule } from "../../registry/rule-validation";
import type { CredentialJson } from "./json";

type CredentialRule = Rule & { readonly credential: Credential };

/** Credentials in work at a time. */
const CONCURRENCY = 5;

/** The rules that have a credential. */
export function credentialRules({ rules }: Environment): CredentialRule[] {
  return rules.flatMap((rule) =>
    rule.credential ? [{ ...rule, credential: rule.credential }] : [],
  );
}

async function statusOf(
  aws: Aws,
  environment: Environment,
  region: string,
  rule: CredentialRule,
): Promise<Pick<CredentialJson, "state" | "changedAt" | "detail" | "remedy">> {
  const { credential, prefix } = rule;
  const secret = await inspectSecret(await aws.secretsManager(region), credential);
  const changedAt = secret.changedAt?.toISOString() ?? null;
  if (secret.problems.length > 0) {
    const remedy = secretRemedy(secret, credential, prefix, environment.name, region);
    return { state: "failed", changedAt, detail: secret.problems.join("; "), remedy };
  }
  const {
    state,
    detail,
    remedy = null,
  } = await checkRule(await aws.ecr(region), environment, region, rule);
  return {
    state: state === "ok" ? "working" : state,
    changedAt,
    detail:
      detail ?? (secret.unread === undefined ? null : `its value was not read: ${secret.unread}`),
    remedy,
  };
}

async function statusOrWhyNot(
  ...of: Parameters<typeof statusOf>
): Promise<Pick<CredentialJson, "state" | "changedAt" | "detail" | "remedy">> {
  try {
    return await statusOf(...of);
  } catch (error) {
    if (!isDenied(error)) throw error;
    return {
      state: "not-checked",
      changedAt: null,
      detail: explainAwsError(error) ?? null,
      remedy: "allow the caller what is missing, and ask again",
    };
  }
}

const columns: readonly Column<CredentialJson>[] = [
  { title: "REGION", value: ({ region }) => region },
  { title: "PREFIX", value: ({ prefix }) => prefix },
  { title: "SECRET", value: ({ secret }) => secret },
  { title: "WRITTEN BY", value: ({ managed }) => (managed ? "credentials stack" : "its owner") },
  {
    title: "CHANGED",
    value: ({ changedAt }) => (changedAt === null ? "-" : formatDay(new Date(changedAt))),
  },
  { title: "STATE", value: ({ state }) => state.replace("-", " ") },
  { title: "DETAIL", value: ({ detail }) => detail ?? "" },
];

/** Prints how every credential of an environment stands. */
export async function runCredentialsStatus(
  session: Session,
  aws: Aws,
  { environment, regions }: RegionsContext,
  json: boolean,
): Promise<void> {
  const wanted = regions.flatMap((region) =>
    credentialRules(environment).map((rule) => ({ region, rule })),
  );
  const progress = new Progress(session.stderr);
  let done = 0;
  const found = await mapAll(
    wanted,
    CONCURRENCY,
    async ({ region, rule }): Promise<CredentialJson> => {
      progress.update(() => `${done} of ${count(wanted.length, "credential")}`);
      const { prefix, upstream, credential } = rule;
      const status = await statusOrWhyNot(aws, environment, region, rule);
      done += 1;
      const { secretName: secret, managed } = credential;
      return { region, prefix, upstream, secret, managed, ...status };
    },
  ).finally(() => progress.clear());
  const findings = found.filter(({ state }) => state !== "working");
  if (findings.length > 0) session.exitCode = 1;
  if (json) {
    printJson(session, found);
    return;
  }
  if (found.length === 0) {
    session.stderr.write(`No rule of environment ${environment.name} has a credential.\n`);
    return;
  }
  printTable(session, columns, found);
  if (findings.length > 0) {
    session.stdout.write(
      [
        "",
        "What to do:",
        ...findings.map(
          ({ region, prefix, upstream, remedy }) =>
            `- ${upstreamOf(upstream).title} (${prefix}) in ${region}: ${remedy ?? "-"}`,
        ),
      ]
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
  session.stderr.write(
    `${found.length - findings.length} of ${count(found.length, "credential")} of environment ${environment.name} working.\n`,
  );
}
