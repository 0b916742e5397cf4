import { environmentProblems } from "./checks";
import type { Backend } from "./backend";
import {
  type Adoptable,
  adoptable,
  type AssumeRoleInput,
  type ConsumerInput,
  type EncryptionInput,
  type EnvironmentInput,
  kmsKeysOf,
  prefixOf,
  type RegionInput,
  regionName,
  type RuleInput,
  SECRET_NAME_PREFIX,
} from "./input";
import { DEFAULT_RETENTION, lifecyclePolicy } from "../lifecycle-policy";
import { resolveMaintenance } from "./maintenance";
import { resolvePrune } from "./prune";
import { resolveScanning } from "./scanning";
import type { Consumer, Encryption, Environment, Placement, Rule } from "./model";
import {
  formatPolicy,
  MAX_MANAGED_POLICY_LENGTH,
  MAX_POLICIES_OF_ROLE,
  MAX_REGISTRY_POLICY_LENGTH,
  MAX_ROLE_POLICY_LENGTH,
  type PolicyDocument,
  pullerPolicies,
  registryPolicy,
  type RegistryStatement,
  templateRolePolicy,
} from "../policies";
import { ROOT } from "../prefix";
import { regionOfArn } from "../region";
import { formatProblem, type Problem, show } from "../problem";
import { AWS_PROVIDER_VERSION } from "./provider-version";
import { upstreamOf } from "../upstreams";
import { UserError } from "../user-error";

function resolveEncryption(encryption: EncryptionInput | undefined): Encryption {
  if (encryption?.type !== "KMS") return { type: "AES256" };
  return {
    type: "KMS",
    kmsKeys: Object.fromEntries(kmsKeysOf(encryption).map((arn) => [regionOfArn(arn), arn])),
  };
}

function resolveAdopt(input: RuleInput["adopt"], all: readonly RegionInput[]): Rule["adopt"] {
  const entries = typeof input === "object" ? input : input === true ? adoptable : [];
  const wanted = entries.map((entry) =>
    typeof entry === "string" ? { kinds: [entry], regions: all } : entry,
  );
  const regionsOf = (kind: Adoptable) => {
    const found = wanted.filter(({ kinds }) => kinds.includes(kind));
    return [...new Set(found.flatMap(({ regions }) => regions.map(regionName)))];
  };
  return { rule: regionsOf("rule"), template: regionsOf("template"), secret: regionsOf("secret") };
}

function resolveRule(rule: RuleInput, environment: EnvironmentInput): Rule {
  const rulePrefix = prefixOf(rule);
  const { credential } = rule;
  const upstreamUrl = upstreamOf(rule.upstream).url ?? rule.registry ?? "";
  return {
    upstream: rule.upstream,
    prefix: rulePrefix,
    upstreamUrl,
    // ROOT is what ECR takes for "no prefix".
    ...(rule.upstreamPrefix !== undefined &&
      rule.upstreamPrefix !== ROOT && { upstreamPrefix: rule.upstreamPrefix.replace(/\/$/, "") }),
    ...(rule.only && { only: [...rule.only] }),
    ...(credential && {
      credential: {
        username: credential.username,
        version: credential.version ?? 1,
        ...(credential.recoveryWindowInDays !== undefined && {
          recoveryWindowInDays: credential.recoveryWindowInDays,
        }),
        secretName: credential.secretName ?? `${SECRET_NAME_PREFIX}${rulePrefix}`,
        managed: credential.secretName === undefined,
      },
    }),
    lifecyclePolicy: lifecyclePolicy(rule.retention ?? environment.retention ?? DEFAULT_RETENTION),
    encryption: resolveEncryption(rule.encryption),
    adopt: resolveAdopt(rule.adopt, environment.regions),
  };
}

function backendOf({ backend }: EnvironmentInput): Backend {
  return backend ?? { type: "local" };
}

function resolveAssumeRole(input: AssumeRoleInput): NonNullable<Placement["assumeRole"]> {
  return { ...input, sessionName: input.sessionName ?? "ecr-cache" };
}

function resolveConsumer(consumer: ConsumerInput, environment: EnvironmentInput): Consumer {
  const { account, roles, backend = backendOf(environment), assumeRole } = consumer;
  // Without a role of that account, the environment's credentials are for the wrong one.
  const profile = consumer.profile ?? (assumeRole && environment.profile);
  return {
    account,
    roles: [...roles],
    backend,
    ...(profile !== undefined && { profile }),
    ...(assumeRole && { assumeRole: resolveAssumeRole(assumeRole) }),
  };
}

function environmentLabel(input: unknown): string {
  const name = (input as { name?: unknown } | null | undefined)?.name;
  if (typeof name !== "string" || name === "") return "environment without a name";
  return `environment ${/^[\w-]+$/.test(name) ? name : show(name)}`;
}

function refuse(problems: readonly Problem[], input: unknown): void {
  if (problems.length === 0) return;
  throw new UserError(
    problems.map((problem) => formatProblem(problem, environmentLabel(input))).join("\n"),
  );
}

/**
 * Checks an environment and fills in its defaults.
 *
 * @throws UserError with one line for each thing that ECR or Terraform would refuse, or accept and quietly break:
 * the environment, the field, what was found, what is allowed.
 */
export function defineEnvironment(input: EnvironmentInput): Environment {
  refuse(environmentProblems(input), input);
  const awsProviderVersion = input.awsProviderVersion ?? AWS_PROVIDER_VERSION;
  const maintenance = resolveMaintenance(input.maintenance, awsProviderVersion);
  const prune = resolvePrune(input.prune, input.assumeRole?.roleArn);
  const environment: Environment = {
    name: input.name,
    account: input.account,
    regions: input.regions.map(regionName),
    formerRegions: (input.formerRegions ?? []).map(regionName),
    backend: backendOf(input),
    tags: { ...input.tags },
    rules: input.rules.map((rule) => resolveRule(rule, input)),
    access: {
      roles: [...(input.access?.roles ?? [])],
      accounts: [...(input.access?.accounts ?? [])],
      consumers: (input.access?.consumers ?? []).map((consumer) =>
        resolveConsumer(consumer, input),
      ),
      organizations: [...(input.access?.organizations ?? [])],
      organizationPaths: [...(input.access?.organizationPaths ?? [])],
      ...(input.access?.registryStatements && {
        registryStatements: [...input.access.registryStatements],
      }),
    },
    adopt: [...(input.adopt ?? [])],
    ...(maintenance && { maintenance }),
    ...(prune && { prune }),
    ...(input.scanning && { scanning: resolveScanning(input.scanning) }),
    ...(input.profile !== undefined && { profile: input.profile }),
    ...(input.assumeRole && { assumeRole: resolveAssumeRole(input.assumeRole) }),
    ...(input.permissionsBoundary !== undefined && {
      permissionsBoundary: input.permissionsBoundary,
    }),
    rolePath: input.rolePath ?? "/",
    awsProviderVersion,
  };
  refuse(policyLengthProblems(environment), input);
  return environment;
}

function policyLengthProblems(environment: Environment): Problem[] {
  const lengthOf = (policy: PolicyDocument<RegistryStatement> | undefined) =>
    policy ? formatPolicy(policy).length : 0;
  const problems: Problem[] = [];

  const { region, length } = environment.regions
    .map((name) => ({ region: name, length: lengthOf(registryPolicy(environment, name)) }))
    .reduce((longest, other) => (other.length > longest.length ? other : longest));
  const names = environment.rules.flatMap(({ only = [] }) => only).length;
  const listed = names > 0 ? `, with the ${names} entries of only` : "";
  const fewer = names > 0 ? ", or fewer entries of only, such as grafana/* for several" : "";
  if (length > MAX_REGISTRY_POLICY_LENGTH) {
    problems.push({
      path: ["access"],
      found: `a registry policy of ${length} characters in ${region}${listed}`,
      allowed: `at most ${MAX_REGISTRY_POLICY_LENGTH}: fewer accounts, consumers, organizationPaths or registryStatements, or fewer or shorter prefixes${fewer}`,
    });
  }

  const policies = pullerPolicies(environment).length;
  if (policies > MAX_POLICIES_OF_ROLE) {
    problems.push({
      path: ["rules"],
      found: `${policies} policies for each role that pulls${listed}`,
      allowed: `at most ${MAX_POLICIES_OF_ROLE} of ${MAX_MANAGED_POLICY_LENGTH} characters, IAM's quota for a role: fewer regions in one environment, or fewer or shorter prefixes${fewer}`,
    });
  }

  const roleLength = lengthOf(templateRolePolicy(environment));
  if (roleLength > MAX_ROLE_POLICY_LENGTH) {
    problems.push({
      path: ["regions"],
      found: `a policy of ${roleLength} characters for the role that makes repositories`,
      allowed: `at most ${MAX_ROLE_POLICY_LENGTH}: fewer regions in one environment, or fewer or shorter prefixes`,
    });
  }
  return problems;
}
