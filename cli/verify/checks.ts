import {
  type ECRClient,
  GetRegistryPolicyCommand,
  type RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";
import {
  GetRoleCommand,
  type IAMClient,
  paginateSimulatePrincipalPolicy,
} from "@aws-sdk/client-iam";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Credential, Environment, Rule } from "../../ecr/environment";
import { formatPolicy, type PolicyDocument, type RegistryStatement } from "../../ecr/policies";
import { normalizePrefix } from "../../ecr/prefix";
import { DAY_MS } from "../../ecr/day";
import { shortDigest } from "../shell/format";
import { parseManifest } from "../../registry/manifest";
import { isProblem, pullManifest } from "../../registry/pull";
import type { Ownership } from "../../registry/ownership";
import { ownerProblem, type Target } from "../../registry/target";
import { describeGrants, policyCovers, widening } from "../../registry/policies/grants";
import { existingExclusions } from "../../registry/pull-time-exclusions";
import { lostStatements } from "../../registry/policies/registry-policy";
import {
  allowedActions,
  describeRefusal,
  pullQuestions,
  type Question,
  refusals,
  unlistedQuestions,
} from "./pull-permissions";
import { failed, ok, type Outcome } from "../../registry/rule-validation";
import { templateDifferences } from "./template-comparison";
import { inspectSecret } from "../../registry/secret-state";
import { isException } from "../../registry/aws/errors";
import {
  deployCommand,
  explainAwsError,
  explainError,
  pullRemedy,
  secretRemedy,
} from "../../registry/aws/remedies";

/** Checks a rule's secret, and the age of its value. */
export async function checkSecret(
  client: SecretsManagerClient,
  environment: Environment,
  region: string,
  { prefix, credential }: Rule & { readonly credential: Credential },
  maxAgeDays: number,
): Promise<Outcome> {
  const secret = await inspectSecret(client, credential);
  if (secret.fault) {
    const place = { environment: environment.name, region, prefix, credential };
    return failed(secret.problems.join("; "), secretRemedy(secret.fault, place));
  }
  const days = secret.changedAt && Math.floor((Date.now() - secret.changedAt.getTime()) / DAY_MS);
  const age = days === undefined ? "" : `changed ${days} days ago`;
  if (days !== undefined && days > maxAgeDays) {
    return failed(
      `${age}, more than ${maxAgeDays} days`,
      `check when the token expires, and renew it: ecr-cache credentials put ${prefix} --env ${environment.name}; if it does not expire, raise --max-age`,
    );
  }
  return ok(
    [age, secret.unread && `its value was not checked: ${secret.unread}`]
      .filter(Boolean)
      .join("; "),
  );
}

/** Compares the creation template of a rule with the environment's. */
export function checkTemplate(
  templates: readonly RepositoryCreationTemplate[],
  environment: Environment,
  region: string,
  rule: Rule,
): Outcome {
  const template = templates.find(({ prefix = "" }) => normalizePrefix(prefix) === rule.prefix);
  const deploy = deployCommand(environment.name);
  if (!template)
    return failed("the template does not exist: new repositories keep every image", deploy);
  const differences = templateDifferences(environment, region, rule, template);
  if (differences.length === 0) return ok();
  return failed(
    differences.join("; "),
    `${deploy}; for repositories created since, ecr-cache lifecycle --env ${environment.name}`,
  );
}

/** Checks that the registry policy has what the environment wants, and nothing that a deployment would remove. */
export async function checkRegistryPolicy(
  ecr: ECRClient,
  environment: Environment,
  wanted: PolicyDocument<RegistryStatement>,
): Promise<Outcome> {
  const deploy = `npx cdktf deploy ${environment.name}`;
  let text: string | undefined;
  try {
    text = (await ecr.send(new GetRegistryPolicyCommand())).policyText;
  } catch (error) {
    if (!isException(error, "RegistryPolicyNotFoundException")) throw error;
  }
  if (text === undefined) {
    return failed("the registry has no policy: other accounts can't fill the cache", deploy);
  }
  const policy = formatPolicy(wanted);
  const lacks = lostStatements(policy, text);
  const problems = [
    !policyCovers(text, policy) && "the policy does not let other accounts fill the cache",
    lacks.length > 0 &&
      `the policy lacks statements of access.registryStatements: ${lacks.join(", ")}`,
  ].filter((problem) => problem !== false);
  const others = lostStatements(text, policy);
  if (others.length > 0) {
    return failed(
      [
        ...problems,
        `access.registryStatements lacks statements of the policy: ${others.join(", ")}`,
      ].join("; "),
      `add them to access.registryStatements, or remove them from the policy: a deployment would remove them, or fails if the environment adopts the policy; then ${deploy}`,
    );
  }
  const wider = describeGrants(widening(policy, text).grants);
  if (wider.length > 0) problems.push(`the environment does not grant ${wider.join("; ")}`);
  return problems.length === 0 ? ok() : failed(problems.join("; "), deploy);
}

/** Asks IAM's simulator whether a role may pull through the cache of a region. */
export async function checkRole(
  iam: IAMClient,
  environment: Environment,
  region: string,
  roleName: string,
): Promise<Outcome> {
  let arn: string | undefined;
  try {
    arn = (await iam.send(new GetRoleCommand({ RoleName: roleName }))).Role?.Arn;
  } catch (error) {
    if (!isException(error, "NoSuchEntityException")) throw error;
    return failed(
      `account ${environment.account} has no such role`,
      "create the role, or correct access.roles",
    );
  }
  const ask = async (questions: readonly Question[]) => {
    const results = [];
    for (const question of questions) {
      const pages = paginateSimulatePrincipalPolicy(
        { client: iam },
        { PolicySourceArn: arn, ...question },
      );
      for await (const { EvaluationResults = [] } of pages) results.push(...EvaluationResults);
    }
    return results;
  };
  const found = refusals(await ask(pullQuestions(environment, region)));
  if (found.length === 0) {
    const unlisted = allowedActions(await ask(unlistedQuestions(environment, region)));
    return unlisted.length === 0
      ? ok()
      : failed(
          `may use ${unlisted.join(", ")} on repositories that \`only\` does not list`,
          "narrow or detach the policy of the role that allows it",
        );
  }
  return failed(
    found.map(describeRefusal).join("; "),
    found.some(({ isExplicit }) => isExplicit)
      ? "find the statement that denies it: in a policy of the role, its permissions boundary, or a service control policy"
      : `${deployCommand(environment.name)}, which attaches the policy for pulls; or attach it yourself: npx cdktf output ${environment.name} (puller_policy_arns)`,
  );
}

/** A service-linked role that ECR assumes. */
export interface ServiceLinkedRole {
  readonly name: string;
  readonly service: string;
}

/**
 * The roles that ECR creates with the first rule and the first template.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/using-service-linked-roles.html
 */
export const PULL_THROUGH_CACHE_ROLE: ServiceLinkedRole = {
  name: "AWSServiceRoleForECRPullThroughCache",
  service: "pullthroughcache.ecr.amazonaws.com",
};
export const TEMPLATE_ROLE: ServiceLinkedRole = {
  name: "AWSServiceRoleForECRTemplate",
  service: "ecr.amazonaws.com",
};

/** Checks that a service-linked role exists. */
export async function checkServiceLinkedRole(
  iam: IAMClient,
  { name, service }: ServiceLinkedRole,
): Promise<Outcome> {
  try {
    await iam.send(new GetRoleCommand({ RoleName: name }));
    return ok();
  } catch (error) {
    if (!isException(error, "NoSuchEntityException")) throw error;
    return failed(
      "the role does not exist: ECR can't act for the cache",
      `aws iam create-service-linked-role --aws-service-name ${service}`,
    );
  }
}

/** Checks that ECR records no pulls of the roles that `prune` names. */
export async function checkPullTimes(ecr: ECRClient, wanted: readonly string[]): Promise<Outcome> {
  const existing = await existingExclusions(ecr);
  const missing = wanted.filter((arn) => !existing.includes(arn));
  if (missing.length === 0) return ok();
  return failed(
    `ECR records the pulls of ${missing.join(", ")} as a user's, and prune keeps what they pull`,
    missing
      .map((arn) => `aws ecr register-pull-time-update-exclusion --principal-arn ${arn}`)
      .join("; "),
  );
}

/** Pulls a manifest through the cache. */
export async function checkPull(
  ecr: ECRClient,
  environment: Environment,
  ownership: Ownership,
  target: Target,
): Promise<Outcome> {
  const { repository, tag, digest, rule } = target;
  const foreign = ownerProblem(target, ownership);
  if (foreign !== undefined) {
    return failed(
      foreign,
      `delete that rule or declare it: ecr-cache rules --env ${environment.name}`,
    );
  }
  const imageId = digest === undefined ? { imageTag: tag ?? "latest" } : { imageDigest: digest };
  const pulled = await pullManifest(ecr, repository, imageId, (error) => {
    // An error with a remedy of its own, such as a missing permission, is not a finding about the cache.
    if (explainAwsError(error) !== undefined) throw error;
    return explainError(error);
  });
  if (isProblem(pulled)) {
    return failed(
      pulled.problem,
      pullRemedy(pulled.problem, digest !== undefined, {
        environment: environment.name,
        prefix: rule.prefix,
        only: rule.only,
        upstream: rule.upstream,
      }),
    );
  }
  const { entries } = parseManifest(pulled.manifest, pulled.mediaType);
  const platforms = entries?.flatMap(({ platform }) => platform ?? []);
  return ok(
    `${repository}, ${shortDigest(pulled.digest)}${platforms ? `, for ${platforms.join(", ")}` : ""}`,
  );
}
