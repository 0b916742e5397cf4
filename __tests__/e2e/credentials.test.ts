import { DeletePullThroughCacheRuleCommand } from "@aws-sdk/client-ecr";
import {
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from "@aws-sdk/client-secrets-manager";
import { Readable } from "node:stream";
import { statusJson, putJson } from "../../cli/credentials/json";
import { parseJson } from "../support/contracts";
import { main } from "../../cli/main";
import { defineEnvironment } from "../../ecr/environment";
import { findMoto } from "../../sandbox/moto";
import { type Run, run } from "../support/run";
import { requireOrSkip } from "../support/require-or-skip";
import {
  type Account,
  ACCOUNT,
  deploy,
  lab,
  shop,
  startAccount,
  TOKEN,
} from "../support/deployed-account";

const twoAzures = defineEnvironment({
  name: "azures",
  account: ACCOUNT,
  regions: ["us-east-1"],
  rules: ["one", "two"].map((name) => ({
    upstream: "azure-container-registry",
    registry: `${name}.azurecr.io`,
    prefix: name,
    credential: { username: "puller" },
  })),
});

jest.mock("../../environments", () => ({
  get environments() {
    return [shop, lab, twoAzures];
  },
}));

const NEW_TOKEN = "dckr_pat_the-new-one";
const SECRET = "ecr-pullthroughcache/docker-hub";

requireOrSkip(findMoto(), "ecr-cache credentials on the sandbox", () => {
  let account: Account;

  beforeAll(async () => {
    account = await startAccount();
  }, 60_000);
  afterAll(() => account.stop());
  beforeEach(async () => {
    await account.sandbox.reset();
    await deploy(account, shop);
  }, 30_000);

  /** Runs `credentials put` with a text piped in. No output ever has it. */
  async function put(input: string, ...argv: readonly string[]): Promise<Run> {
    const written = { stdout: "", stderr: "" };
    const sink = (name: keyof typeof written) => ({
      write: (text: string) => {
        written[name] += text;
      },
    });
    const stdin = Readable.from(input === "" ? [] : [input]);
    const session = { stdout: sink("stdout"), stderr: sink("stderr"), stdin, exitCode: 0 } as const;
    const exitCode = await main(["credentials", "put", ...argv], { ...session });
    for (const token of [TOKEN, NEW_TOKEN]) {
      expect(written.stdout + written.stderr).not.toContain(token);
    }
    return { ...written, exitCode };
  }

  async function valueIn(region: string, SecretId = SECRET): Promise<unknown> {
    const { SecretString = "" } = await account
      .secretsManager(region)
      .send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(SecretString);
  }

  const oldValue = { username: "acme-bot", accessToken: TOKEN };
  const newValue = { username: "acme-bot", accessToken: NEW_TOKEN };

  describe("status", () => {
    async function status(...argv: string[]) {
      const { stdout, stderr, exitCode } = await run("credentials", "status", "--json", ...argv);
      expect({ stderr, hasToken: stdout.includes(TOKEN) }).toEqual({ stderr: "", hasToken: false });
      return { credentials: parseJson(statusJson, stdout), exitCode };
    }

    test("shows every credential of every region", async () => {
      const { stdout, stderr, exitCode } = await run("credentials", "status", "--env", "shop");
      const rows = stdout.replace(/\d{4}-\d\d-\d\d/g, "DAY").split("\n");
      expect(rows.map((line) => line.split(/ {2,}/))).toEqual([
        ["REGION", "PREFIX", "SECRET", "WRITTEN BY", "CHANGED", "STATE", "DETAIL"],
        ...shop.regions.flatMap((region) => [
          [
            ...[region, "docker-hub", SECRET, "credentials stack", "DAY", "working"],
            "Docker Hub sets no limit on its pulls (a paid plan)",
          ],
          [region, "ghcr", "ecr-pullthroughcache/team/ghcr", "its owner", "DAY", "working"],
        ]),
        [""],
      ]);
      expect({ stderr, exitCode }).toEqual({
        stderr: "4 of 4 credentials of environment shop working.\n",
        exitCode: 0,
      });
    });

    test("an environment without credentials has nothing to show", async () => {
      expect(await run("credentials", "status", "--env", "lab")).toEqual({
        stdout: "",
        stderr: "No rule of environment lab has a credential.\n",
        exitCode: 0,
      });
      expect(await status("--env", "lab")).toEqual({ credentials: [], exitCode: 0 });
    });

    test("says what does not work, why, and what to do", async () => {
      await account.secretsManager().send(
        new PutSecretValueCommand({
          SecretId: SECRET,
          SecretString: JSON.stringify({ username: "acme-bot", accessToken: `${TOKEN}\n` }),
        }),
      );
      account.sandbox.upstream.set("ghcr.io", { failure: "access-denied" });
      await account
        .secretsManager("eu-west-1")
        .send(new DeleteSecretCommand({ SecretId: SECRET, ForceDeleteWithoutRecovery: true }));

      const { credentials, exitCode } = await status("--env", "shop");
      expect(
        credentials.map(({ region, prefix, state, changedAt, detail, remedy }) => [
          region,
          prefix,
          state,
          changedAt === null,
          detail,
          remedy,
        ]),
      ).toEqual([
        [
          "us-east-1",
          "docker-hub",
          "failed",
          false,
          'its "accessToken" has white space',
          "ecr-cache credentials put docker-hub --env shop --region us-east-1",
        ],
        [
          "us-east-1",
          "ghcr",
          "failed",
          false,
          "Authentication with the upstream registry failed.",
          expect.stringMatching(/^Rotate the credential/),
        ],
        [
          "eu-west-1",
          "docker-hub",
          "failed",
          true,
          "there is no such secret",
          "npx cdktf deploy shop-credentials",
        ],
        [
          "eu-west-1",
          "ghcr",
          "failed",
          false,
          "Authentication with the upstream registry failed.",
          expect.stringMatching(/^Rotate the credential/),
        ],
      ]);
      expect(exitCode).toBe(1);

      const { stdout } = await run("credentials", "status", "--env", "shop");
      expect(stdout).toContain(
        "\nWhat to do:\n- Docker Hub (docker-hub) in us-east-1: ecr-cache credentials put docker-hub --env shop --region us-east-1\n- GitHub Container Registry (ghcr) in us-east-1: Rotate the credential",
      );
    });

    test("a credential that may not be looked at is not checked", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "DescribeSecret", region: "eu-west-1" });
      const { credentials, exitCode } = await status("--env", "shop");
      expect(credentials.filter(({ state }) => state !== "working")).toEqual([
        expect.objectContaining({
          region: "eu-west-1",
          state: "not-checked",
          changedAt: null,
          detail: expect.stringContaining(
            "lacks the permission secretsmanager:DescribeSecret",
          ) as string,
        }),
      ]);
      expect(exitCode).toBe(1);
    });
  });

  describe("put", () => {
    test("puts the token into every region, has ECR try it, and says what Terraform will do", async () => {
      const { stdout, stderr, exitCode } = await put(
        `${NEW_TOKEN}\n`,
        "docker-hub",
        "--env",
        "shop",
      );
      expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
        ["REGION", "SECRET", "VERSION", "RULE", "DETAIL"],
        ["us-east-1", SECRET, expect.stringMatching(/^[0-9a-f-]{36}$/), "valid"],
        ["eu-west-1", SECRET, expect.stringMatching(/^[0-9a-f-]{36}$/), "valid"],
        [""],
      ]);
      expect({ stderr, exitCode }).toEqual({
        stderr:
          "The credentials stack writes this secret, and credential.version of rule docker-hub in environment shop is still 2: Terraform keeps your token until the version is raised. It then writes the token that it is given, so give it this one.\n",
        exitCode: 0,
      });
      expect([await valueIn("us-east-1"), await valueIn("eu-west-1")]).toEqual([
        newValue,
        newValue,
      ]);
    });

    test("--json keeps to its contract, and a secret that is others' has no warning", async () => {
      const { stdout, stderr, exitCode } = await put(
        "ghp_new",
        ...["github-container-registry", "--env", "shop", "--region", "eu-west-1", "--json"],
      );
      expect(parseJson(putJson, stdout)).toEqual([
        {
          region: "eu-west-1",
          prefix: "ghcr",
          secret: "ecr-pullthroughcache/team/ghcr",
          versionId: expect.any(String) as string,
          rule: "valid",
          detail: null,
          remedy: null,
        },
      ]);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      const value = { username: "acme-ghcr" };
      expect(await valueIn("eu-west-1", "ecr-pullthroughcache/team/ghcr")).toEqual({
        ...value,
        accessToken: "ghp_new",
      });
      expect(await valueIn("us-east-1", "ecr-pullthroughcache/team/ghcr")).toEqual({
        ...value,
        accessToken: TOKEN,
      });
    });

    test("a token that the upstream refuses is there, and the way back is said", async () => {
      account.sandbox.upstream.set("docker.io", { failure: "access-denied" });
      const { stdout, stderr, exitCode } = await put(
        NEW_TOKEN,
        ...["docker-hub", "--env", "shop", "--region", "us-east-1", "--json"],
      );
      const [result] = parseJson(putJson, stdout);
      expect(result).toMatchObject({
        rule: "invalid",
        detail: "Authentication with the upstream registry failed.",
      });
      expect(result?.remedy).toMatch(
        new RegExp(
          `^Rotate the credential: .* To go back to the earlier token: aws secretsmanager update-secret-version-stage --secret-id ${SECRET} --version-stage AWSCURRENT --move-to-version-id [0-9a-f-]{36} --remove-from-version-id ${result?.versionId} --region us-east-1$`,
        ),
      );
      expect(stderr).toMatch(/^The credentials stack writes this secret/);
      expect(exitCode).toBe(1);
      expect(await valueIn("us-east-1")).toEqual(newValue);
    }, 30_000);

    test("before there is a rule, that is all there is to say", async () => {
      await account
        .ecr()
        .send(new DeletePullThroughCacheRuleCommand({ ecrRepositoryPrefix: "docker-hub" }));
      const { stdout, exitCode } = await put(
        NEW_TOKEN,
        ...["docker-hub", "--env", "shop", "--region", "us-east-1", "--json"],
      );
      expect(parseJson(putJson, stdout)).toEqual([
        expect.objectContaining({
          rule: "missing",
          detail: "there is no rule yet",
          remedy: "npx cdktf deploy shop",
        }),
      ]);
      expect(exitCode).toBe(0);
    });

    test("a rule that may not be validated is not checked", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "ValidatePullThroughCacheRule" });
      const { stdout, exitCode } = await put(
        NEW_TOKEN,
        ...["docker-hub", "--env", "shop", "--region", "us-east-1", "--json"],
      );
      expect(parseJson(putJson, stdout)[0]).toMatchObject({
        rule: "not-checked",
        detail: expect.stringContaining("ecr:ValidatePullThroughCacheRule on docker-hub") as string,
      });
      expect(exitCode).toBe(1);
    });

    test("where one region fails, it says where the token is, and a second run puts it right", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "PutSecretValue", region: "eu-west-1" });
      const failed = await put(NEW_TOKEN, "docker-hub", "--env", "shop");
      expect(failed).toEqual({
        stdout: "",
        stderr: [
          "The new token is in us-east-1; eu-west-1 probably still has the earlier one. Fix the cause and run the command again: writing the same token twice does no harm.",
          `ecr-cache: AWS: the caller lacks the permission secretsmanager:PutSecretValue on ${SECRET} in eu-west-1 (The sandbox denies this call: a fault was set.); allow it in the caller's IAM policy, or use another role`,
          "",
        ].join("\n"),
        exitCode: 2,
      });
      expect([await valueIn("us-east-1"), await valueIn("eu-west-1")]).toEqual([
        newValue,
        oldValue,
      ]);

      expect((await put(NEW_TOKEN, "docker-hub", "--env", "shop")).exitCode).toBe(0);
      expect(await valueIn("eu-west-1")).toEqual(newValue);
    });

    test("a secret that is missing in one region is found before anything is put in another", async () => {
      await account
        .secretsManager("eu-west-1")
        .send(new DeleteSecretCommand({ SecretId: SECRET, ForceDeleteWithoutRecovery: true }));
      expect(await put(NEW_TOKEN, "docker-hub", "--env", "shop")).toEqual({
        stdout: "",
        stderr: `ecr-cache: secret ${SECRET} in eu-west-1 does not exist; what to do: npx cdktf deploy shop-credentials\n`,
        exitCode: 2,
      });
      expect(await valueIn("us-east-1")).toEqual(oldValue);
    });

    describe("wrong use puts nothing, and is one line and exit code 2:", () => {
      test.each([
        [
          "",
          ["docker-hub", "--env", "shop"],
          "token: found nothing; allowed: the token alone, on one line, without white space",
        ],
        [
          "a b",
          ["docker-hub", "--env", "shop"],
          "token: found white space; allowed: the token alone, on one line, without white space",
        ],
        [
          "github_pat_x",
          ["ghcr", "--env", "shop"],
          "token: found a fine-grained personal access token, which GitHub Packages does not accept; allowed: a personal access token (classic) with the scope read:packages",
        ],
        [
          "x",
          ["quay", "--env", "shop"],
          'credentials put: found "quay", whose rule has no credential; allowed: docker-hub, ghcr',
        ],
        [
          "x",
          ["dockerhub", "--env", "shop"],
          'credentials put: found "dockerhub"; allowed: docker-hub, ghcr',
        ],
        [
          "x",
          ["lab-quay", "--env", "lab"],
          'credentials put: found "lab-quay", whose rule has no credential; allowed: none: no rule of environment lab has a credential',
        ],
        [
          "x",
          ["azure-container-registry", "--env", "azures"],
          'credentials put: found "azure-container-registry", which has 2 rules in environment azures; allowed: a prefix: one, two',
        ],
        ["x", ["--env", "shop"], "missing required argument 'upstream'"],
        [
          "x",
          ["docker-hub", NEW_TOKEN, "--env", "shop"],
          "credentials put takes only the upstream: type the token when asked, or pipe it in. If the other argument was a token, revoke it: it may be in your shell's history",
        ],
        [
          "x",
          ["docker-hub", "--env", "nowhere"],
          '--env: found "nowhere"; allowed: shop, lab, azures',
        ],
      ])("%j, %j", async (input, argv, message) => {
        account.sandbox.calls.reset();
        const { stdout, stderr, exitCode } = await put(input, ...argv);
        expect({ stdout, stderr, exitCode }).toEqual({
          stdout: "",
          stderr: `ecr-cache: ${message}\n`,
          exitCode: 2,
        });
        expect(account.sandbox.calls.count({ action: "PutSecretValue" })).toBe(0);
      });
    });
  });

  test.each([
    [["credentials"], " needs a command"],
    [["credentials", "rotate"], ': found "rotate"; allowed'],
  ])("%j names the commands that there are", async (argv, what) => {
    expect(await run(...argv)).toEqual({
      stdout: "",
      stderr: `ecr-cache: credentials${what}: status, put (ecr-cache credentials --help)\n`,
      exitCode: 2,
    });
  });
});
