import type { Credential, Environment, Rule } from "../../ecr/environment";
import { DOCKER_HUB_LIMITS } from "../../ecr/docker-hub-limits";
import { upstreamOf } from "../../ecr/upstreams";
import { formatDay } from "../shell/format";
import type { Aws } from "../../registry/aws/with-aws";
import { isDenied } from "../../registry/aws/errors";
import { explainAwsError, secretRemedy } from "../../registry/aws/remedies";
import { dockerHubLimit, type PullLimit } from "../../registry/upstream/docker-hub-limit";
import { inspectSecret } from "../../registry/secret-state";
import type { RegionsContext } from "../shell/context";
import { printChecklist } from "../shell/checklist";
import type { Column } from "../shell/output";
import type { Session } from "../shell/session";
import { checkRule } from "../../registry/rule-validation";
import type { CredentialJson } from "./json";

type Status = Pick<CredentialJson, "state" | "changedAt" | "detail" | "remedy" | "pullLimit">;

type CredentialRule = Rule & { readonly credential: Credential };

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
): Promise<Status> {
  const { credential, prefix } = rule;
  const secret = await inspectSecret(await aws.secretsManager(region), credential);
  const changedAt = secret.changedAt?.toISOString() ?? null;
  if (secret.fault) {
    const place = { environment: environment.name, region, prefix, credential };
    const remedy = secretRemedy(secret.fault, place);
    return {
      state: "failed",
      changedAt,
      detail: secret.problems.join("; "),
      remedy,
      pullLimit: null,
    };
  }
  const {
    state,
    detail,
    remedy = null,
  } = await checkRule(await aws.ecr(region), environment, region, rule);
  const limit =
    rule.upstream === "docker-hub" && state === "ok" && secret.unread === undefined
      ? await dockerHubLimit(aws, region, credential.secretName)
      : undefined;
  const unread =
    secret.unread === undefined ? undefined : `its value was not checked: ${secret.unread}`;
  return {
    state: state === "ok" ? "working" : state,
    changedAt,
    detail: [detail ?? unread, limit && describeLimit(limit)].filter(Boolean).join("; ") || null,
    remedy,
    pullLimit: limit && !("ok" in limit) ? { account: accountOf(limit), ...limit } : null,
  };
}

type Limit = NonNullable<Awaited<ReturnType<typeof dockerHubLimit>>>;

/** What kind of account Docker Hub allows so many pulls. */
function accountOf({ limit }: PullLimit): NonNullable<CredentialJson["pullLimit"]>["account"] {
  if (limit === null) return "unlimited";
  return limit === DOCKER_HUB_LIMITS.personal ? "free" : "other";
}

function describeLimit(limit: Limit): string {
  if ("ok" in limit) return `Docker Hub's limit is not known: ${limit.problem}`;
  if (limit.limit === null) return "Docker Hub sets no limit on its pulls (a paid plan)";
  const account = accountOf(limit) === "free" ? " (a free account)" : "";
  return `${limit.remaining ?? "?"} of ${limit.limit} pulls in ${limit.windowHours} hours left at Docker Hub${account}`;
}

async function statusOrWhyNot(...of: Parameters<typeof statusOf>): Promise<Status> {
  try {
    return await statusOf(...of);
  } catch (error) {
    if (!isDenied(error)) throw error;
    return {
      state: "not-checked",
      changedAt: null,
      detail: explainAwsError(error) ?? null,
      remedy: "grant the caller the permission, and try again",
      pullLimit: null,
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

/** Prints the status of every credential of an environment. */
export async function runCredentialsStatus(
  session: Session,
  aws: Aws,
  { environment, regions }: RegionsContext,
  json: boolean,
): Promise<void> {
  const rules = credentialRules(environment);
  if (rules.length === 0 && !json) {
    session.stderr.write(`No rule of environment ${environment.name} has a credential.\n`);
    return;
  }
  await printChecklist(
    session,
    {
      items: regions.flatMap((region) => rules.map((rule) => ({ region, rule }))),
      check: async ({ region, rule }): Promise<CredentialJson> => {
        const { prefix, upstream, credential } = rule;
        const { secretName: secret, managed } = credential;
        const status = await statusOrWhyNot(aws, environment, region, rule);
        return { region, prefix, upstream, secret, managed, ...status };
      },
      noun: "credential",
      goodState: "working",
      columns,
      nameOf: ({ region, prefix, upstream }) =>
        `${upstreamOf(upstream).title} (${prefix}) in ${region}`,
    },
    environment.name,
    json,
  );
}
