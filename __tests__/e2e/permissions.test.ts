import { UpdateAssumeRolePolicyCommand, UpdateRoleCommand } from "@aws-sdk/client-iam";
import { UpdateSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { Sandbox } from "../../sandbox/sandbox";
import { iamOf, secretsOf } from "../support/clients";
import type { EnvironmentInput } from "../../ecr/environment";
import { defineEnvironment } from "../../ecr/environment";
import { permissionPolicies, type Role } from "../../ecr/policies/permissions";
import { seedAccount } from "../../sandbox/seed-account";
import { describeDeployments } from "../support/sandboxed";

/*
 * What Terraform calls for an environment with everything that needs a permission, compared with the policies that
 * `ecr-cache permissions` prints.
 */

const ACCOUNT = "333333333333";
const TOKENS = { TF_VAR_docker_hub_access_token: "dckr_pat_cGVybWlzc2lvbnM" };

/** A rule whose secret exists already. */
const ghcr = (secret: string) => ({
  upstream: "github-container-registry" as const,
  credential: { username: "acme-bot", secretName: `ecr-pullthroughcache/${secret}` as const },
});

const base: EnvironmentInput = {
  name: "all",
  account: ACCOUNT,
  regions: ["us-east-1"],
  tags: { team: "platform" },
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot", recoveryWindowInDays: 0 } },
    { upstream: "ecr", registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com", prefix: "shared" },
    ghcr("old"),
  ],
  access: { roles: ["puller"], accounts: ["555555555555"], registryStatements: [] },
  maintenance: { notifications: { emails: ["platform@acme.example"] } },
  permissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess",
  rolePath: "/platform/",
};

/** The same environment with everything changed that can be, in place. */
const changed: EnvironmentInput = {
  ...base,
  tags: { owner: "platform" },
  rules: [
    {
      upstream: "docker-hub",
      credential: { username: "acme-bot", version: 2, recoveryWindowInDays: 0 },
      retention: { keepImages: 3 },
    },
    {
      upstream: "ecr",
      registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      prefix: "shared",
      upstreamPrefix: "team-a",
    },
    ghcr("new"),
    { upstream: "quay" },
  ],
  access: { roles: ["puller"], accounts: ["555555555555", "666666666666"], registryStatements: [] },
  maintenance: { ...base.maintenance, schedule: "rate(2 days)", existingPolicies: "replace" },
  permissionsBoundary: "arn:aws:iam::aws:policy/AdministratorAccess",
};

/** Changes outside of Terraform what an environment can't change: what a new version of this project may. */
async function drift(sandbox: Sandbox): Promise<void> {
  const iam = iamOf(sandbox);
  const RoleName = "ecr-cache-all-template";
  await iam.send(
    new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(OTHER_TRUST) }),
  );
  await iam.send(
    new UpdateRoleCommand({ RoleName, Description: "changed", MaxSessionDuration: 7200 }),
  );
  await secretsOf(sandbox, "us-east-1").send(
    new UpdateSecretCommand({
      SecretId: "ecr-pullthroughcache/docker-hub",
      Description: "changed",
    }),
  );
}

/** The actions that a policy allows. */
const allowed = (role: Role) =>
  new Set(
    permissionPolicies(defineEnvironment(base), role).flatMap(({ Statement }) =>
      Statement.flatMap(({ Action }) => Action),
    ),
  );

/** The prefix of a service's actions in policies, where it is not its signing name. */
const SERVICES: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

/** What AWS checks when something else is called. */
const CHECKED_BY_AWS = [
  "ecr:CreateRepository",
  "ecr:PutLifecyclePolicy",
  "ecr:SetRepositoryPolicy",
  "iam:CreateServiceLinkedRole",
  "iam:PassRole",
];

const LAMBDA = "reconcile/lambda/lambda.ts";

const OTHER_TRUST = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ecs.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
};

/** Needs no permission (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html). */
const FREE = "sts:GetCallerIdentity";

describeDeployments("the permissions of who plans and deploys", ACCOUNT, (shared) => {
  const called = () =>
    new Set(
      shared.sandbox.calls
        .list()
        .map(({ service, action }) => `${SERVICES[service] ?? service}:${action}`)
        .filter((action) => action !== FREE),
    );

  test("`permissions` allows each call of a plan, a deployment, a change and a destroy, and nothing that AWS is not asked for", async () => {
    const { deployment, sandbox } = shared;
    await seedAccount(sandbox, [defineEnvironment(base), defineEnvironment(changed)]);
    const stacks = ["all-credentials", "all"];
    sandbox.calls.reset();
    deployment.synthesize(base);
    for (const stack of stacks) {
      await deployment.init(stack);
      await deployment.apply(stack, TOKENS);
    }
    const calledByDeployment = called();

    sandbox.calls.reset();
    expect(await deployment.isUpToDate("all")).toBe(true);
    const calledByPlan = called();

    await drift(sandbox);
    sandbox.calls.reset();
    deployment.write(LAMBDA, `${deployment.read(LAMBDA)}\nconsole.info("another version");\n`);
    deployment.synthesize(changed);
    for (const stack of stacks) await deployment.apply(stack, TOKENS);
    for (const stack of [...stacks].reverse()) await deployment.destroy(stack, TOKENS);
    for (const action of called()) calledByDeployment.add(action);

    expect([...calledByPlan].filter((action) => !allowed("plan").has(action))).toEqual([]);
    expect([...calledByDeployment].filter((action) => !allowed("deploy").has(action))).toEqual([]);
    const unused = (role: Role, calls: ReadonlySet<string>) =>
      [...allowed(role)].filter((action) => !calls.has(action)).sort();
    expect(unused("plan", calledByPlan)).toEqual([]);
    expect(unused("deploy", calledByDeployment)).toEqual([
      ...CHECKED_BY_AWS,
      "secretsmanager:ListSecretVersionIds",
      "secretsmanager:RestoreSecret",
    ]);
  });
});
