import { ECR } from "@aws-sdk/client-ecr";
import { IAM } from "@aws-sdk/client-iam";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { STS } from "@aws-sdk/client-sts";
import { defineEnvironment } from "../../ecr/environment";
import { seedAccount } from "../../sandbox/seed-account";
import { findMoto } from "../../sandbox/moto";
import { callJson } from "../../sandbox/moto-client";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { startMotoStandIn } from "../support/moto-stand-in";
import { requireOrSkip } from "../support/require-or-skip";

const account = "222222222222";
const region = "eu-west-1";

requireOrSkip(findMoto(), "the sandbox with moto", () => {
  let sandbox: Sandbox;
  let ecr: ECR;
  let secretsManager: SecretsManager;
  let iam: IAM;

  beforeAll(async () => {
    sandbox = await startSandbox({ account, region });
    const settings = {
      endpoint: sandbox.url,
      region,
      credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
    };
    ecr = new ECR(settings);
    secretsManager = new SecretsManager(settings);
    iam = new IAM(settings);
  }, 60_000);
  afterEach(() => sandbox.reset());
  afterAll(async () => {
    for (const client of [ecr, secretsManager, iam]) client.destroy();
    await sandbox.stop();
  });

  const createSecret = (SecretString?: string, KmsKeyId?: string) =>
    secretsManager.createSecret({
      Name: "ecr-pullthroughcache/docker-hub",
      SecretString,
      KmsKeyId,
    });
  const createRule = (credentialArn: string | undefined) =>
    ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "docker-hub",
      upstreamRegistryUrl: "registry-1.docker.io",
      credentialArn,
    });
  const GOOD = JSON.stringify({ username: "bot", accessToken: "not a token" });

  test("is the given account in every service", async () => {
    const sts = new STS({
      endpoint: sandbox.url,
      region,
      credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
    });
    expect((await sts.getCallerIdentity({})).Account).toBe(account);
    const { ARN } = await createSecret(GOOD);
    expect(ARN).toContain(`:${region}:${account}:secret:`);
  });

  test("accepts a credential from Secrets Manager", async () => {
    const { ARN } = await createSecret(GOOD);
    expect(await createRule(ARN)).toMatchObject({ credentialArn: ARN });
    expect(
      await ecr.validatePullThroughCacheRule({ ecrRepositoryPrefix: "docker-hub" }),
    ).toMatchObject({ isValid: true });
  });

  test.each<[string, () => Promise<string | undefined>, string]>([
    [
      "that was never created",
      () =>
        Promise.resolve(
          `arn:aws:secretsmanager:${region}:${account}:secret:ecr-pullthroughcache/gone-AbCdEf`,
        ),
      "SecretNotFoundException",
    ],
    [
      "that is scheduled for deletion",
      async () => {
        const { ARN } = await createSecret(GOOD);
        await secretsManager.deleteSecret({ SecretId: ARN });
        return ARN;
      },
      "SecretNotFoundException",
    ],
    [
      "that has no value yet",
      async () => (await createSecret()).ARN,
      "UnableToAccessSecretException",
    ],
    [
      "of another shape",
      async () => (await createSecret('{"user":"bot","token":"x"}')).ARN,
      "UnableToAccessSecretException",
    ],
    [
      "under a customer's key",
      async () => (await createSecret(GOOD, "alias/mine")).ARN,
      "UnableToDecryptSecretValueException",
    ],
  ])("refuses a secret %s", async (_, secret, name) => {
    await expect(createRule(await secret())).rejects.toMatchObject({ name });
  });

  test("assumes a template's role only if it is there and trusts ECR", async () => {
    const roleArn = `arn:aws:iam::${account}:role/service/templates`;
    await ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "quay",
      upstreamRegistryUrl: "quay.io",
    });
    await ecr.createRepositoryCreationTemplate({
      prefix: "quay",
      appliedFor: ["PULL_THROUGH_CACHE"],
      resourceTags: [{ Key: "team", Value: "platform" }],
      customRoleArn: roleArn,
    });
    const pull = () =>
      ecr.batchGetImage({ repositoryName: "quay/org/app", imageIds: [{ imageTag: "1" }] });
    const trust = (Service: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
      });

    await expect(pull()).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
    await iam.createRole({
      RoleName: "templates",
      Path: "/service/",
      AssumeRolePolicyDocument: trust("ecs-tasks.amazonaws.com"),
    });
    await expect(pull()).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
    await iam.updateAssumeRolePolicy({
      RoleName: "templates",
      PolicyDocument: trust("ecr.amazonaws.com"),
    });
    expect((await pull()).images).toHaveLength(1);
  });

  test("knows callers by their access keys: roles that were assumed, and other accounts", async () => {
    const trust = { Version: "2012-10-17", Statement: [] };
    await iam.createRole({
      RoleName: "tasks",
      AssumeRolePolicyDocument: JSON.stringify(trust),
    });
    const sts = new STS({
      endpoint: sandbox.url,
      region,
      credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
    });
    const { Credentials } = await sts.assumeRole({
      RoleArn: `arn:aws:iam::${account}:role/tasks`,
      RoleSessionName: "session",
    });
    sts.destroy();
    const describeAs = async (accessKeyId: string, registryId?: string) => {
      const client = new ECR({
        endpoint: sandbox.url,
        region,
        credentials: { accessKeyId, secretAccessKey: "x", sessionToken: "x" },
      });
      try {
        return await client.describeRepositories({ registryId });
      } finally {
        client.destroy();
      }
    };
    await expect(describeAs(Credentials?.AccessKeyId ?? "")).rejects.toThrow(
      `User: arn:aws:sts::${account}:assumed-role/tasks/session is not authorized to perform: ecr:DescribeRepositories on resource: arn:aws:ecr:${region}:${account}:repository/* because no identity-based policy allows the ecr:DescribeRepositories action`,
    );
    await iam.putRolePolicy({
      RoleName: "tasks",
      PolicyName: "look",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "ecr:Describe*", Resource: "*" }],
      }),
    });
    expect(await describeAs(Credentials?.AccessKeyId ?? "")).toMatchObject({ repositories: [] });
    await expect(describeAs("333333333333", account)).rejects.toThrow(
      "User: arn:aws:iam::333333333333:root is not authorized",
    );
  });

  test("puts the events of pulls on the default event bus", async () => {
    const call = async (service: string, target: string, input: object) => {
      const { text } = await callJson(sandbox, service, region, target, input);
      return JSON.parse(text || "{}") as object;
    };
    await call("events", "AWSEvents.PutRule", {
      Name: "pulls",
      EventPattern: JSON.stringify({
        source: ["aws.ecr"],
        "detail-type": ["ECR Pull Through Cache Action"],
        detail: { "sync-status": ["SUCCESS"] },
      }),
    });
    await call("logs", "Logs_20140328.CreateLogGroup", { logGroupName: "/events" });
    await call("events", "AWSEvents.PutTargets", {
      Rule: "pulls",
      Targets: [{ Id: "logs", Arn: `arn:aws:logs:${region}:${account}:log-group:/events` }],
    });

    await ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "quay",
      upstreamRegistryUrl: "quay.io",
    });
    sandbox.upstream.set("quay.io/org/bad", { failure: "not-found" });
    for (const name of ["bad", "app"]) {
      await ecr.batchGetImage({
        repositoryName: `quay/org/${name}`,
        imageIds: [{ imageTag: "1" }],
      });
    }
    const { events } = (await call("logs", "Logs_20140328.FilterLogEvents", {
      logGroupName: "/events",
    })) as { events: { message: string }[] };
    expect(events.map(({ message }) => JSON.parse(message) as unknown)).toEqual([
      expect.objectContaining({
        source: "aws.ecr",
        "detail-type": "ECR Pull Through Cache Action",
        region,
        resources: [`arn:aws:ecr:${region}:${account}:repository/quay/org/app`],
        detail: expect.objectContaining({
          "repository-name": "quay/org/app",
          "sync-status": "SUCCESS",
        }) as unknown,
      }),
    ]);
  });

  test("forwards other actions of ECR to moto", async () => {
    const { replicationConfiguration } = await ecr.describeRegistry({});
    expect(replicationConfiguration).toEqual({ rules: [] });
  });

  test("is seeded with the roles and secrets that environments expect, any number of times", async () => {
    const expected = [
      defineEnvironment({
        name: "test",
        account,
        regions: [region, "us-east-1"],
        rules: [
          {
            upstream: "docker-hub",
            credential: { username: "bot", secretName: "ecr-pullthroughcache/there-already" },
          },
          { upstream: "chainguard", credential: { username: "bot" } },
        ],
        access: {
          roles: ["tasks", "builds"],
          consumers: [{ account: "444444444444", roles: ["nodes"] }],
        },
      }),
    ];
    await seedAccount(sandbox, expected);
    await seedAccount(sandbox, expected);
    const { Roles } = await iam.listRoles({});
    expect(Roles?.map(({ RoleName }) => RoleName).sort()).toEqual(["builds", "tasks"]);
    const consumer = new IAM({
      endpoint: sandbox.url,
      region,
      credentials: { accessKeyId: "444444444444", secretAccessKey: "sandbox" },
    });
    expect((await consumer.listRoles({})).Roles?.map(({ RoleName }) => RoleName)).toEqual([
      "nodes",
    ]);
    const { SecretList } = await secretsManager.listSecrets({});
    expect(SecretList?.map(({ Name }) => Name)).toEqual(["ecr-pullthroughcache/there-already"]);
    await createRule(SecretList?.[0]?.ARN);
  });

  test("is empty after a reset", async () => {
    const { ARN } = await createSecret(GOOD);
    await createRule(ARN);
    sandbox.faults.add({ kind: "deny", action: "PutImage" });
    sandbox.clock.advance(48);
    await sandbox.reset();
    expect(sandbox.calls.list()).toEqual([]);
    expect(sandbox.faults.list()).toEqual([]);
    expect(Math.abs(sandbox.clock.now().getTime() - Date.now())).toBeLessThan(1000);
    expect((await ecr.describePullThroughCacheRules({})).pullThroughCacheRules).toEqual([]);
    expect((await secretsManager.listSecrets({})).SecretList).toEqual([]);
  });

  test("shares a running moto that serves its account", async () => {
    // Like a moto with an account of its own.
    const fixed = await startMotoStandIn(account);
    await expect(startSandbox({ account: "333333333333", motoUrl: fixed.url })).rejects.toThrow(
      `--moto-url: found a moto for the account ${account}; allowed: one for 333333333333 (MOTO_ACCOUNT_ID, or without it)`,
    );
    await fixed.stop();
    const second = await startSandbox({ account, motoUrl: sandbox.motoUrl });
    await createSecret(GOOD);
    const other = new SecretsManager({
      endpoint: second.url,
      region,
      credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
    });
    expect((await other.listSecrets({})).SecretList).toHaveLength(1);
    await second.stop();
    expect((await secretsManager.listSecrets({})).SecretList).toHaveLength(1);
  });

  test("leads a process into the sandbox, and nowhere else", async () => {
    const other = await startSandbox({
      account,
      region,
      motoUrl: sandbox.motoUrl,
      env: {
        PATH: "/bin",
        AWS_PROFILE: "prod",
        AWS_SESSION_TOKEN: "secret",
        AWS_ENDPOINT_URL_ECR: "https://ecr.example.com",
        AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.2",
        AWS_MAX_ATTEMPTS: "2",
        HTTP_PROXY: "http://proxy.example.com",
        https_proxy: "http://proxy.example.com",
        NO_PROXY: "example.com",
        TF_WORKSPACE: "prod",
        TF_DATA_DIR: "/home/me/.terraform",
        UNSET: undefined,
      },
    });
    await other.stop();
    expect(other.env).toEqual({
      PATH: "/bin",
      AWS_MAX_ATTEMPTS: "2",
      AWS_ENDPOINT_URL: other.url,
      AWS_ACCESS_KEY_ID: "sandbox",
      AWS_SECRET_ACCESS_KEY: "sandbox",
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_EC2_METADATA_DISABLED: "true",
      NO_PROXY: "127.0.0.1,localhost",
      no_proxy: "127.0.0.1,localhost",
      ECR_CACHE_UPSTREAM_URL: `${other.url}/_sandbox/upstream/{registry}`,
    });
  });
});

describe("without a moto", () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  test("says in one line how to install it", async () => {
    process.env.PATH = "/nowhere";
    await expect(startSandbox({ account })).rejects.toThrow(
      /^moto_server: found no such program; allowed: moto 5 on the PATH \(pip install 'moto\[server\]'\), or a running one \(docker run .* motoserver\/moto\) with --moto-url http:\/\/127\.0\.0\.1:5000$/,
    );
  });

  test("refuses a URL that does not answer", async () => {
    await expect(startSandbox({ account, motoUrl: "http://127.0.0.1:1" })).rejects.toThrow(
      "--moto-url: found http://127.0.0.1:1, which does not answer; allowed: the URL of a running moto_server",
    );
  });
});
