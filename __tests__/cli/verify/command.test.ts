import { formatLifecyclePolicy } from "../../../ecr/lifecycle-policy";
import { verifyJson } from "../../../cli/verify/json";
import { refuseCalls, useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const SECRET = "ecr-pullthroughcache/docker-hub";
const account = useAccount(cache);

beforeEach(async () => {
  await account.makeRules(cache, "eu-west-1");
  for (const region of cache.regions) {
    for (const { prefix, lifecyclePolicy } of cache.rules) {
      await account.call(
        "CreateRepositoryCreationTemplate",
        {
          prefix,
          appliedFor: ["PULL_THROUGH_CACHE"],
          description: `Cache of environment ${cache.name}`,
          lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy),
        },
        region,
      );
    }
  }
});

async function verify(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run("verify", "--env", "cache", "--json", ...argv);
  expect(stdout + stderr).not.toContain("a-secret-token");
  return { checks: parseJson(verifyJson, stdout), stderr, exitCode };
}

/** The results of one kind of check, by region and subject. */
async function resultsOf(kind: string, ...argv: string[]) {
  const { checks } = await verify(...argv);
  return Object.fromEntries(
    checks
      .filter(({ check }) => check === kind)
      .map(({ region, subject, state }) => [`${region} ${subject}`, state]),
  );
}

describe("`verify`", () => {
  test("checks rules, secrets and templates in every region, and roles once", async () => {
    const { checks } = await verify();
    const made = checks.map(({ region, check, subject }) => `${region} ${check} ${subject}`);
    for (const region of cache.regions) {
      for (const { prefix } of cache.rules) {
        expect(made).toContain(`${region} rule ${prefix}`);
        expect(made).toContain(`${region} template ${prefix}`);
      }
      expect(made).toContain(`${region} secret ${SECRET}`);
    }
    expect(made.filter((name) => name.includes("service-linked-role"))).toEqual([
      "null service-linked-role AWSServiceRoleForECRPullThroughCache",
      "null service-linked-role AWSServiceRoleForECRTemplate",
    ]);
    const rulesAndSecrets = checks.filter(({ check }) => check === "rule" || check === "secret");
    expect(rulesAndSecrets.map(({ state }) => state)).toEqual(rulesAndSecrets.map(() => "ok"));
  });

  test("finds what is missing, and says what to do", async () => {
    account.service.registry("eu-west-1").rules.delete("quay");
    account.service.registry("eu-west-1").templates.delete("quay");
    const { checks, exitCode } = await verify("--region", "eu-west-1");
    expect(checks.filter(({ subject }) => subject === "quay")).toMatchObject([
      {
        check: "rule",
        state: "failed",
        detail: "there is no such rule",
        remedy: "npx cdktf deploy cache",
      },
      {
        check: "template",
        state: "failed",
        detail: "the template does not exist: new repositories keep every image",
        remedy: "npx cdktf deploy cache",
      },
    ]);
    expect(exitCode).toBe(1);
  });

  test("finds a secret without a token and the rule that needs it, in their region only", async () => {
    account.secrets("eu-west-1").PutSecretValue({ SecretId: SECRET, SecretString: "{}" });
    expect(await resultsOf("secret")).toEqual({
      [`us-east-1 ${SECRET}`]: "ok",
      [`eu-west-1 ${SECRET}`]: "failed",
    });
    expect(await resultsOf("rule")).toMatchObject({
      "us-east-1 docker-hub": "ok",
      "eu-west-1 docker-hub": "failed",
    });
  });

  test("pulls what --pull names, in every region or the one that the name has", async () => {
    const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    expect(
      await resultsOf("pull", "--pull", "quay.io/org/app:1", `${host}/quay/org/other:1`),
    ).toEqual({
      "us-east-1 quay.io/org/app:1": "ok",
      "eu-west-1 quay.io/org/app:1": "ok",
      [`eu-west-1 ${host}/quay/org/other:1`]: "ok",
    });
  });

  test("does not check what a permission is missing for, and makes the other checks", async () => {
    account.faults.add({ kind: "deny", action: "DescribeSecret", region: "us-east-1" });
    const { checks, exitCode } = await verify();
    expect(checks.filter(({ state }) => state === "not-checked")).toMatchObject([
      {
        region: "us-east-1",
        check: "secret",
        remedy: "grant the caller the permission, and verify again",
      },
    ]);
    expect(exitCode).toBe(1);
  });

  test("shows its table after a call that failed on AWS's side", async () => {
    const restore = refuseCalls(
      account,
      { __type: "InternalFailure", message: "try later" },
      ({ action, region, text }) =>
        action === "ValidatePullThroughCacheRule" &&
        region === "us-east-1" &&
        text.includes("quay"),
    );
    const { stdout, exitCode } = await run("verify", "--env", "cache");
    restore();
    expect(stdout).toMatch(/^us-east-1 +rule +quay +not checked +InternalFailure: try later$/m);
    expect(stdout).toMatch(/^us-east-1 +rule +docker-hub +ok/m);
    expect(stdout).toContain("- rule quay in us-east-1: verify again\n");
    expect(exitCode).toBe(1);
  });

  test("refuses a name that the cache does not have, before any call", async () => {
    account.calls.reset();
    const { stderr, exitCode } = await run(
      ...["verify", "--env", "cache", "--pull", "mcr.microsoft.com/x:1", "Nginx"],
    );
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
    expect([exitCode, account.calls.list()]).toEqual([2, []]);
  });
});
