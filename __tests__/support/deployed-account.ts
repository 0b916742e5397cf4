import {
  CreatePullThroughCacheRuleCommand,
  CreateRepositoryCreationTemplateCommand,
  ECRClient,
  PutRegistryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { defineEnvironment, type Environment } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import {
  formatPolicy,
  needsTemplateRole,
  pullerPolicies,
  registryPolicy,
  repositoryPolicy,
  TEMPLATE_ROLE_TRUST,
} from "../../ecr/policies";
import { startSandbox } from "../../sandbox/sandbox";
import type { Sandbox } from "../../sandbox/sandbox";

/*
 * An account with a cache in it, for the operator's commands: the sandbox, and what the stacks of an environment make
 * there, made by the APIs that Terraform would call.
 */

export const ACCOUNT = "123456789012";
/** The token that is in every secret: no output may ever have it. */
export const TOKEN = "dckr_pat_never-to-be-seen";

/** Two regions; tags on one rule's repositories would need a role, so there are none. */
export const shop: Environment = defineEnvironment({
  name: "shop",
  account: ACCOUNT,
  regions: ["us-east-1", "eu-west-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot", version: 2 } },
    {
      upstream: "github-container-registry",
      credential: { username: "acme-ghcr", secretName: "ecr-pullthroughcache/team/ghcr" },
    },
    { upstream: "quay" },
  ],
  access: { roles: ["ecsTaskExecutionRole"], accounts: ["210987654321"] },
});

/** Another environment of the same account. */
export const lab: Environment = defineEnvironment({
  name: "lab",
  account: ACCOUNT,
  regions: ["us-east-1"],
  tags: { team: "platform" },
  rules: [{ upstream: "quay", prefix: "lab-quay" }],
});

/** An environment of an account that is not the sandbox's. */
export const elsewhere: Environment = defineEnvironment({
  name: "elsewhere",
  account: "999999999999",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }],
});

export interface Account {
  readonly sandbox: Sandbox;
  ecr(region?: string): ECRClient;
  secretsManager(region?: string): SecretsManagerClient;
  iam(): IAMClient;
  stop(): Promise<void>;
}

/** Starts the sandbox, and leads this process's SDK clients there. */
export async function startAccount(id = ACCOUNT): Promise<Account> {
  const sandbox = await startSandbox({ account: id });
  process.env = { ...sandbox.env };
  const clients: { destroy(): void }[] = [];
  const keep = <Client extends { destroy(): void }>(client: Client): Client => {
    clients.push(client);
    return client;
  };
  return {
    sandbox,
    ecr: (region = "us-east-1") => keep(new ECRClient({ region })),
    secretsManager: (region = "us-east-1") => keep(new SecretsManagerClient({ region })),
    iam: () => keep(new IAMClient({ region: "us-east-1" })),
    stop: async () => {
      for (const client of clients) client.destroy();
      await sandbox.stop();
    },
  };
}

async function makeSecrets(
  account: Account,
  environment: Environment,
): Promise<Map<string, string>> {
  const arns = new Map<string, string>();
  for (const region of environment.regions) {
    for (const { prefix, credential } of environment.rules) {
      if (!credential) continue;
      const { username, secretName } = credential;
      const { ARN = "" } = await account.secretsManager(region).send(
        new CreateSecretCommand({
          Name: secretName,
          SecretString: JSON.stringify({ username, accessToken: TOKEN }),
        }),
      );
      arns.set(`${region} ${prefix}`, ARN);
    }
  }
  return arns;
}

async function makeRoles(account: Account, environment: Environment): Promise<string | undefined> {
  const iam = account.iam();
  for (const RoleName of environment.access.roles) {
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    for (const [index, policy] of pullerPolicies(environment).entries()) {
      const PolicyDocument = formatPolicy(policy);
      await iam.send(
        new PutRolePolicyCommand({ RoleName, PolicyName: `pull-${index}`, PolicyDocument }),
      );
    }
  }
  if (!environment.rules.some((rule) => needsTemplateRole(environment, rule))) return undefined;
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: `ecr-cache-${environment.name}-template`,
      AssumeRolePolicyDocument: formatPolicy(TEMPLATE_ROLE_TRUST),
    }),
  );
  return Role?.Arn;
}

/** Makes what the stacks of an environment make. */
export async function deploy(account: Account, environment: Environment): Promise<void> {
  const secrets = await makeSecrets(account, environment);
  const customRoleArn = await makeRoles(account, environment);
  for (const region of environment.regions) {
    const ecr = account.ecr(region);
    const policy = repositoryPolicy(environment, region);
    for (const rule of environment.rules) {
      await ecr.send(
        new CreateRepositoryCreationTemplateCommand({
          prefix: rule.prefix,
          appliedFor: ["PULL_THROUGH_CACHE"],
          lifecyclePolicy: formatLifecyclePolicy(rule.lifecyclePolicy),
          ...(policy && { repositoryPolicy: formatPolicy(policy) }),
          ...(customRoleArn && {
            customRoleArn,
            resourceTags: Object.entries(environment.tags).map(([Key, Value]) => ({ Key, Value })),
          }),
        }),
      );
      await ecr.send(
        new CreatePullThroughCacheRuleCommand({
          ecrRepositoryPrefix: rule.prefix,
          upstreamRegistryUrl: rule.upstreamUrl,
          credentialArn: secrets.get(`${region} ${rule.prefix}`),
        }),
      );
    }
    const registry = registryPolicy(environment, region);
    if (registry) {
      await ecr.send(new PutRegistryPolicyCommand({ policyText: formatPolicy(registry) }));
    }
  }
}
