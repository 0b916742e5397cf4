import {
  CreatePullThroughCacheRuleCommand,
  DeletePullThroughCacheRuleCommand,
} from "@aws-sdk/client-ecr";
import { rulesJson } from "../../cli/rules/json";
import { parseJson } from "../support/contracts";
import { findMoto } from "../../sandbox/moto";
import { run } from "../support/run";
import { requireOrSkip } from "../support/require-or-skip";
import {
  type Account,
  deploy,
  elsewhere,
  lab,
  shop,
  startAccount,
} from "../support/deployed-account";

jest.mock("../../environments", () => ({
  get environments() {
    return [shop, lab, elsewhere];
  },
}));

requireOrSkip(findMoto(), "ecr-cache rules on the sandbox", () => {
  let account: Account;

  beforeAll(async () => {
    account = await startAccount();
  }, 60_000);
  afterAll(() => account.stop());
  beforeEach(() => account.sandbox.reset());

  /** Brings all that can differ about: in us-east-1 and eu-west-1, by hand. */
  async function disturb(): Promise<void> {
    const [virginia, ireland] = [account.ecr(), account.ecr("eu-west-1")];
    const quay = { ecrRepositoryPrefix: "quay" };
    await virginia.send(new DeletePullThroughCacheRuleCommand(quay));
    await virginia.send(
      new CreatePullThroughCacheRuleCommand({
        ...quay,
        upstreamRegistryUrl: "public.ecr.aws",
        upstreamRepositoryPrefix: "docker",
      }),
    );
    await virginia.send(
      new CreatePullThroughCacheRuleCommand({
        ecrRepositoryPrefix: "mine",
        upstreamRegistryUrl: "registry.k8s.io",
      }),
    );
    await ireland.send(new DeletePullThroughCacheRuleCommand(quay));
  }

  async function rules(...argv: string[]) {
    const { stdout, stderr, exitCode } = await run("rules", "--json", ...argv);
    expect(stderr).toBe("");
    return { rules: parseJson(rulesJson, stdout), exitCode };
  }

  test("what was deployed is in order, beside another environment's", async () => {
    await deploy(account, shop);
    await deploy(account, lab);

    const { stdout, stderr, exitCode } = await run("rules", "--env", "shop");
    const lines = stdout
      .split("\n")
      .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, "TIME"));
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ["REGION", "PREFIX", "UPSTREAM", "CREDENTIAL", "UPDATED (UTC)", "STATE", "NOTE"],
      ...["us-east-1", "eu-west-1"].flatMap((region) => [
        [
          region,
          "docker-hub",
          "registry-1.docker.io",
          "ecr-pullthroughcache/docker-hub",
          "TIME",
          "in order",
        ],
        [region, "ghcr", "ghcr.io", "ecr-pullthroughcache/team/ghcr", "TIME", "in order"],
        [region, "quay", "quay.io", "-", "TIME", "in order"],
        ...(region === "us-east-1"
          ? [[region, "lab-quay", "quay.io", "-", "TIME", "other environment", "lab"]]
          : []),
      ]),
      [""],
    ]);
    expect({ stderr, exitCode }).toEqual({
      stderr: "6 of 6 rules of environment shop in order.\n",
      exitCode: 0,
    });
  });

  test("what differs is said rule by rule, with what to do about it, and exit code 1", async () => {
    await deploy(account, shop);
    await disturb();

    const { stdout, stderr, exitCode } = await run("rules", "--env", "shop");
    const rows = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(
      rows.filter(([, , , , , state]) => state !== "in order").map((row) => row.slice(5)),
    ).toEqual([
      ["STATE", "NOTE"],
      [
        "different",
        "upstream: found public.ecr.aws, expected quay.io; upstream prefix: found docker, expected none",
      ],
      ["unknown"],
      ["missing"],
      [],
    ]);
    expect(stderr.split("\n")).toEqual([
      "4 of 6 rules of environment shop in order.",
      "To correct missing and different rules, run npx cdktf deploy shop.",
      expect.stringMatching(/^Rules that no environment has: /),
      '  mine: adopt: [{ kinds: ["rule"], regions: ["us-east-1"] }]',
      "",
    ]);
    expect(exitCode).toBe(1);
  });

  test("--json holds the same, and keeps to its contract", async () => {
    await deploy(account, shop);
    await deploy(account, lab);
    await disturb();

    const found = await rules("--env", "shop");
    expect(found.rules.map(({ region, prefix, state }) => [region, prefix, state])).toEqual([
      ["us-east-1", "docker-hub", "in-order"],
      ["us-east-1", "ghcr", "in-order"],
      ["us-east-1", "quay", "different"],
      ["us-east-1", "lab-quay", "other-environment"],
      ["us-east-1", "mine", "unknown"],
      ["eu-west-1", "docker-hub", "in-order"],
      ["eu-west-1", "ghcr", "in-order"],
      ["eu-west-1", "quay", "missing"],
    ]);
    expect(found.rules[2]).toMatchObject({
      upstream: "public.ecr.aws",
      upstreamPrefix: "docker",
      differences: [
        { field: "upstream", found: "public.ecr.aws", expected: "quay.io" },
        { field: "upstreamPrefix", found: "docker", expected: null },
      ],
    });
    expect(found.rules[3]).toMatchObject({ environment: "lab", differences: [] });
    expect(found.exitCode).toBe(1);
  });

  test("--region looks nowhere else", async () => {
    await deploy(account, shop);
    await disturb();
    account.sandbox.calls.reset();
    const found = await rules("--env", "shop", "--region", "eu-west-1");
    expect(new Set(found.rules.map(({ region }) => region))).toEqual(new Set(["eu-west-1"]));
    expect(account.sandbox.calls.count({ service: "ecr", region: "us-east-1" })).toBe(0);
  });

  test("two calls are enough", async () => {
    await deploy(account, shop);
    account.sandbox.calls.reset();
    await rules("--env", "shop", "--region", "us-east-1");
    expect(
      account.sandbox.calls.list().map(({ service, action, count }) => [service, action, count]),
    ).toEqual([
      ["sts", "GetCallerIdentity", 1],
      ["ecr", "DescribePullThroughCacheRules", 1],
    ]);
  });

  describe("what goes wrong is one line and exit code 2:", () => {
    const failure = (stderr: string) => ({
      stdout: "",
      stderr: `ecr-cache: ${stderr}\n`,
      exitCode: 2,
    });

    test("credentials for another account, before anything else is asked", async () => {
      expect(await run("rules", "--env", "elsewhere")).toEqual(
        failure(
          "environment elsewhere: found credentials for account 123456789012 (arn:aws:sts::123456789012:user/moto); allowed: those for account 999999999999; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login",
        ),
      );
      expect(account.sandbox.calls.count({ service: "ecr" })).toBe(0);
    });

    test("a missing permission", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "DescribePullThroughCacheRules" });
      expect(await run("rules", "--env", "lab")).toEqual(
        failure(
          "AWS: the caller lacks the permission ecr:DescribePullThroughCacheRules in us-east-1 (The sandbox denies this call: a fault was set.); allow it in the caller's IAM policy, or use another role",
        ),
      );
    });

    test("throttling that does not end", async () => {
      account.sandbox.faults.add({
        kind: "throttle",
        action: "DescribePullThroughCacheRules",
        times: 12,
      });
      expect(await run("rules", "--env", "lab")).toEqual(
        failure(
          "AWS: ecr:DescribePullThroughCacheRules in us-east-1 was throttled in each of 12 attempts (Rate exceeded); wait a minute and run the command again: others use the same quota",
        ),
      );
    }, 300_000);

    test("connections that are dropped", async () => {
      account.sandbox.faults.add({
        kind: "cut",
        action: "DescribePullThroughCacheRules",
        times: 8,
      });
      const { stdout, stderr, exitCode } = await run("rules", "--env", "lab");
      expect(stderr).toMatch(
        /^ecr-cache: AWS: found no answer to ecr:DescribePullThroughCacheRules in us-east-1 \([A-Za-z]+\); check AWS_ENDPOINT_URL \(http:.*\)\n$/,
      );
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    }, 60_000);
  });

  test("throttling that ends is sat out", async () => {
    await deploy(account, lab);
    account.sandbox.faults.add({
      kind: "throttle",
      action: "DescribePullThroughCacheRules",
      times: 2,
    });
    expect((await rules("--env", "lab")).exitCode).toBe(0);
  }, 60_000);
});
