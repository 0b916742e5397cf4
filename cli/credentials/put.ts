import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-secrets-manager";
import type { Credential, Environment, Rule } from "../../ecr/environment";
import { show } from "../../ecr/problem";
import { upstreamOf } from "../../ecr/upstreams";
import { UserError } from "../../ecr/user-error";
import { retryUntil } from "../../registry/aws/retry-until";
import { credentialText, tokenProblem } from "../../registry/token";
import type { Aws } from "../../registry/aws/with-aws";
import { isCallError, isDenied } from "../../registry/aws/errors";
import { deployCommand, explainAwsError, secretRemedy } from "../../registry/aws/remedies";
import type { RegionsContext } from "../shell/context";
import type { PutJson } from "./json";
import { credentialRules } from "./status";
import { type Column, printJson, printTable } from "../shell/output";
import { readToken } from "../shell/prompt";
import type { Session } from "../shell/session";
import { type Validation, validateRule } from "../../registry/rule-validation";

type CredentialRule = Rule & { readonly credential: Credential };

/**
 * The rule that a user means, by its prefix or its upstream.
 *
 * @throws UserError if there is none with a credential, or more than one.
 */
export function findCredential(environment: Environment, name: string): CredentialRule {
  const rules = credentialRules(environment);
  const byPrefix = rules.find(({ prefix }) => prefix === name);
  const byUpstream = rules.filter(({ upstream }) => upstream === name);
  const prefixes = (list: readonly Rule[]) => list.map(({ prefix }) => prefix).join(", ");
  if (byPrefix) return byPrefix;
  if (byUpstream.length > 1) {
    throw new UserError(
      `credentials put: found ${show(name)}, which has ${byUpstream.length} rules in environment ${environment.name}; allowed: a prefix: ${prefixes(byUpstream)}`,
    );
  }
  if (byUpstream[0]) return byUpstream[0];
  const withoutCredential = environment.rules.some(
    ({ prefix, upstream }) => prefix === name || upstream === name,
  );
  const found = withoutCredential ? `${show(name)}, whose rule has no credential` : show(name);
  throw new UserError(
    `credentials put: found ${found}; allowed: ${prefixes(rules) || `none: no rule of environment ${environment.name} has a credential`}`,
  );
}

/** The current version of each region's secret; undefined if the secret has no value yet. */
async function currentVersions(
  aws: Aws,
  environment: Environment,
  regions: readonly string[],
  { prefix, credential }: CredentialRule,
): Promise<Map<string, string | undefined>> {
  const { secretName } = credential;
  const versions = new Map<string, string | undefined>();
  const problems: string[] = [];
  for (const region of regions) {
    const place = { environment: environment.name, region, prefix, credential };
    try {
      const client = await aws.secretsManager(region);
      const { DeletedDate, VersionIdsToStages = {} } = await client.send(
        new DescribeSecretCommand({ SecretId: secretName }),
      );
      if (DeletedDate) {
        problems.push(
          `secret ${secretName} in ${region} is scheduled for deletion; restore it first: ${secretRemedy("deleted", place)}`,
        );
      }
      const [version] =
        Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes("AWSCURRENT")) ??
        [];
      versions.set(region, version);
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      problems.push(
        `secret ${secretName} in ${region} does not exist; what to do: ${secretRemedy("missing", place)}`,
      );
    }
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return versions;
}

/** Writes the token to every region; if that fails, says which regions have it. */
async function writeEverywhere(
  session: Session,
  aws: Aws,
  regions: readonly string[],
  { secretName, username }: Credential,
  token: string,
): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  for (const region of regions) {
    try {
      const client = await aws.secretsManager(region);
      const { VersionId = "" } = await client.send(
        new PutSecretValueCommand({
          SecretId: secretName,
          SecretString: credentialText(username, token),
        }),
      );
      done.set(region, VersionId);
    } catch (error) {
      const missing = regions.filter((one) => !done.has(one));
      const there = done.size === 0 ? "in no region" : `in ${[...done.keys()].join(", ")}`;
      session.stderr.write(
        `The new token is ${there}; ${missing.join(", ")} probably still has the earlier one. Fix the cause and run the command again: writing the same token twice does no harm.\n`,
      );
      throw error;
    }
  }
  return done;
}

/** Seconds may pass until ECR reads the new version: 2 s and 4 s are waited for it. */
const ATTEMPTS = 3;

/** ECR could not be asked. */
interface NotChecked {
  readonly rule: "not-checked";
  readonly detail: string | null;
  /** Whether that is because the caller lacks the permission. */
  readonly isDenied: boolean;
}

async function tryRule(
  aws: Aws,
  environment: Environment,
  region: string,
  rule: CredentialRule,
): Promise<Validation | NotChecked> {
  try {
    const ecr = await aws.ecr(region);
    return await retryUntil(
      () => validateRule(ecr, environment, rule),
      (validation) => validation.rule !== "invalid",
      { attempts: ATTEMPTS },
    );
  } catch (error) {
    if (!isCallError(error)) throw error;
    return {
      rule: "not-checked",
      detail: explainAwsError(error) ?? null,
      isDenied: isDenied(error),
    };
  }
}

/** How to go back to the previous token. */
function wayBack(secretName: string, region: string, from: string, to: string | undefined): string {
  return to === undefined
    ? ""
    : ` To go back to the earlier token: aws secretsmanager update-secret-version-stage --secret-id ${secretName} --version-stage AWSCURRENT --move-to-version-id ${to} --remove-from-version-id ${from} --region ${region}`;
}

const columns: readonly Column<PutJson>[] = [
  { title: "REGION", value: ({ region }) => region },
  { title: "SECRET", value: ({ secret }) => secret },
  { title: "VERSION", value: ({ versionId }) => versionId },
  { title: "RULE", value: ({ rule }) => rule.replace("-", " ") },
  { title: "DETAIL", value: ({ detail }) => detail ?? "" },
];

/** Asks for a token, writes it to the secret of a rule, and has ECR try it. */
export async function runCredentialsPut(
  session: Session,
  aws: Aws,
  { environment, regions }: RegionsContext,
  rule: CredentialRule,
  json: boolean,
): Promise<void> {
  const { credential, prefix, upstream } = rule;
  const { secretName, username, managed, version } = credential;
  const earlier = await currentVersions(aws, environment, regions, rule);

  const { title, tokenName = "token" } = upstreamOf(upstream);
  const token = await readToken(session, `${title}, ${tokenName} of ${username} (not shown): `);
  const problem = tokenProblem(token, username, upstream);
  if (problem !== undefined) throw new UserError(problem);

  const versions = await writeEverywhere(session, aws, regions, credential, token);
  const results: PutJson[] = [];
  /** Regions where asking ECR failed, not for a missing permission. */
  const unasked: string[] = [];
  for (const [region, versionId] of versions) {
    const tried = await tryRule(aws, environment, region, rule);
    const common = { region, prefix, secret: secretName, versionId, rule: tried.rule };
    switch (tried.rule) {
      case "valid":
        results.push({ ...common, detail: null, remedy: null });
        break;
      case "missing":
        results.push({
          ...common,
          detail: "there is no rule yet",
          remedy: deployCommand(environment.name),
        });
        break;
      case "not-checked":
        results.push({
          ...common,
          detail: tried.detail,
          remedy: tried.isDenied
            ? "grant the caller the permission, and run ecr-cache credentials status"
            : `run ecr-cache credentials status --env ${environment.name} --region ${region}`,
        });
        if (!tried.isDenied) unasked.push(region);
        break;
      case "invalid":
        results.push({
          ...common,
          detail: tried.failure,
          remedy: `${tried.remedy}${wayBack(secretName, region, versionId, earlier.get(region))}`,
        });
        break;
    }
  }
  const findings = results.filter(({ rule }) => rule === "invalid" || rule === "not-checked");
  if (findings.length > 0) session.exitCode = 1;
  if (unasked.length > 0) {
    session.exitCode = 2;
    session.stderr.write(
      `The new token is in ${[...versions.keys()].join(", ")}, but ECR could not be asked in ${unasked.join(", ")} whether it works.\n`,
    );
  }
  if (json) printJson(session, results);
  else {
    printTable(session, columns, results);
    for (const { region, remedy } of findings) {
      session.stderr.write(`${region}: what to do: ${remedy ?? "-"}\n`);
    }
  }
  if (managed) {
    session.stderr.write(
      `The credentials stack writes this secret, and credential.version of rule ${prefix} in environment ${environment.name} is still ${version}: Terraform keeps your token until the version is raised. It then writes the token that it is given, so give it this one.\n`,
    );
  }
}
