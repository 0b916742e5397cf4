import {
  BatchGetImageCommand,
  CreatePullThroughCacheRuleCommand,
  DeletePullThroughCacheRuleCommand,
  DeleteRegistryPolicyCommand,
  DeleteRepositoryCreationTemplateCommand,
  UpdateRepositoryCreationTemplateCommand,
} from "@aws-sdk/client-ecr";
import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DeleteSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { verifyJson } from "../../cli/verify/json";
import { parseJson } from "../support/contracts";
import { findMoto } from "../../sandbox/moto";
import { run } from "../support/run";
import { requireOrSkip } from "../support/require-or-skip";
import {
  type Account,
  ACCOUNT,
  deploy,
  elsewhere,
  lab,
  shop,
  startAccount,
  TOKEN,
} from "../support/deployed-account";

jest.mock("../../environments", () => ({
  get environments() {
    return [shop, lab, elsewhere];
  },
}));

const DAY = 24 * 60 * 60 * 1000;

requireOrSkip(findMoto(), "ecr-cache verify on the sandbox", () => {
  let account: Account;

  beforeAll(async () => {
    account = await startAccount();
  }, 60_000);
  afterAll(() => account.stop());
  beforeEach(async () => {
    await account.sandbox.reset();
    await deploy(account, shop);
  }, 30_000);
  afterEach(() => jest.restoreAllMocks());

  async function verify(...argv: string[]) {
    const { stdout, stderr, exitCode } = await run("verify", "--env", "shop", "--json", ...argv);
    expect(stderr).toBe("");
    expect(stdout).not.toContain(TOKEN);
    return { checks: parseJson(verifyJson, stdout), exitCode };
  }

  /** What is not ok. */
  async function findings(...argv: string[]) {
    const { checks, exitCode } = await verify(...argv);
    const found = checks.filter(({ state }) => state !== "ok");
    expect(exitCode).toBe(found.length > 0 ? 1 : 0);
    return found;
  }

  const ONE_REGION = ["--region", "us-east-1"] as const;

  test("what was deployed is ok, in every region", async () => {
    const { stdout, stderr, exitCode } = await run("verify", "--env", "shop");
    const rows = stdout.split("\n").map((line) => line.trimEnd().split(/ {2,}/));
    const inRegion = (region: string) => [
      [region, "rule", "docker-hub", "ok"],
      [region, "rule", "ghcr", "ok"],
      [region, "rule", "quay", "ok"],
      [region, "secret", "ecr-pullthroughcache/docker-hub", "ok", "changed 0 days ago"],
      [region, "secret", "ecr-pullthroughcache/team/ghcr", "ok", "changed 0 days ago"],
      [region, "template", "docker-hub", "ok"],
      [region, "template", "ghcr", "ok"],
      [region, "template", "quay", "ok"],
      [region, "registry policy", "210987654321", "ok"],
      [region, "repository policies", "docker-hub, ghcr, quay", "ok", "0 repositories"],
      [region, "role", "ecsTaskExecutionRole", "ok"],
    ];
    expect(rows).toEqual([
      ["REGION", "CHECK", "SUBJECT", "STATE", "DETAIL"],
      ...inRegion("us-east-1"),
      ...inRegion("eu-west-1"),
      ["-", "service-linked role", "AWSServiceRoleForECRPullThroughCache", "ok"],
      ["-", "service-linked role", "AWSServiceRoleForECRTemplate", "ok"],
      [""],
    ]);
    expect({ stderr, exitCode }).toEqual({
      stderr: "24 of 24 checks of environment shop ok.\n",
      exitCode: 0,
    });
  });

  test("every failure says what to do, in the table as in JSON", async () => {
    const [ecr, iam] = [account.ecr(), account.iam()];
    await ecr.send(new DeletePullThroughCacheRuleCommand({ ecrRepositoryPrefix: "quay" }));
    await ecr.send(new DeleteRepositoryCreationTemplateCommand({ prefix: "quay" }));
    await ecr.send(new DeleteRegistryPolicyCommand());
    await ecr.send(
      new UpdateRepositoryCreationTemplateCommand({
        prefix: "ghcr",
        imageTagMutability: "IMMUTABLE",
      }),
    );
    const RoleName = "ecsTaskExecutionRole";
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "pull-0" }));
    await iam.send(new DeleteRoleCommand({ RoleName: "AWSServiceRoleForECRTemplate" }));

    const found = await findings(...ONE_REGION);
    expect(
      found.map(({ check, subject, detail, remedy }) => [check, subject, detail, remedy]),
    ).toEqual([
      ["rule", "quay", "there is no such rule", "npx cdktf deploy shop"],
      [
        "template",
        "ghcr",
        "its image tags are IMMUTABLE, so ECR's refresh can't move them",
        "npx cdktf deploy shop; for repositories created since, ecr-cache lifecycle --env shop",
      ],
      [
        "template",
        "quay",
        "the template does not exist: new repositories keep every image",
        "npx cdktf deploy shop",
      ],
      [
        "registry-policy",
        "210987654321",
        "the registry has no policy: other accounts can't fill the cache",
        "npx cdktf deploy shop",
      ],
      [
        "role",
        RoleName,
        "lacks ecr:GetAuthorizationToken on *; lacks ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:BatchImportUpstreamImage, ecr:CreateRepository on docker-hub/*, ghcr/*, quay/*",
        expect.stringMatching(/^npx cdktf deploy shop, which attaches the policy/),
      ],
      [
        "service-linked-role",
        "AWSServiceRoleForECRTemplate",
        "the role does not exist: ECR can't act for the cache",
        "aws iam create-service-linked-role --aws-service-name ecr.amazonaws.com",
      ],
    ]);

    const { stdout, stderr, exitCode } = await run("verify", "--env", "shop", ...ONE_REGION);
    expect(stdout.slice(stdout.indexOf("What to do:"))).toBe(
      [
        "What to do:",
        ...found.map(({ check, subject, region, remedy }) => {
          const name = `${check === "registry-policy" ? "registry policy" : check.replace("linked-role", "linked role")} ${subject}`;
          return `- ${name}${region === null ? "" : ` in ${region}`}: ${remedy}`;
        }),
        "",
      ].join("\n"),
    );
    expect({ stderr, exitCode }).toEqual({
      stderr: "7 of 13 checks of environment shop ok.\n",
      exitCode: 1,
    });
  });

  describe("a role", () => {
    const RoleName = "ecsTaskExecutionRole";

    test("that does not exist", async () => {
      await account.iam().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "pull-0" }));
      await account.iam().send(new DeleteRoleCommand({ RoleName }));
      expect(await findings(...ONE_REGION)).toEqual([
        {
          region: "us-east-1",
          check: "role",
          subject: RoleName,
          state: "failed",
          detail: `account ${ACCOUNT} has no such role`,
          remedy: "create the role, or correct access.roles",
        },
      ]);
    });

    test("that a policy denies one action", async () => {
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Deny",
          Action: "ecr:CreateRepository",
          Resource: "arn:aws:ecr:*:*:repository/quay/*",
        },
      });
      await account
        .iam()
        .send(new PutRolePolicyCommand({ RoleName, PolicyName: "deny", PolicyDocument }));
      const found = await findings();
      expect(found.map(({ region, detail }) => [region, detail])).toEqual(
        ["us-east-1", "eu-west-1"].map((region) => [
          region,
          "lacks ecr:CreateRepository on quay/*, which a policy denies",
        ]),
      );
      expect(found[0]?.remedy).toMatch(/^find the statement that denies it/);
    });
  });

  describe("a secret", () => {
    const SecretId = "ecr-pullthroughcache/docker-hub";

    const put = (value: object) =>
      account
        .secretsManager()
        .send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));

    test("without what ECR needs fails, as does its rule, and nothing of it is shown", async () => {
      await put({ username: "acme-bot", password: TOKEN });
      const found = await findings(...ONE_REGION);
      expect(found.map(({ check, detail, remedy }) => [check, detail, remedy])).toEqual([
        [
          "rule",
          "The secret is unable to be accessed. Verify the resource permissions for the secret and try again.",
          expect.stringMatching(
            /^Check that the secret of the rule \(ecr-pullthroughcache\/docker-hub/,
          ),
        ],
        [
          "secret",
          'it lacks "accessToken"',
          "ecr-cache credentials put docker-hub --env shop --region us-east-1",
        ],
      ]);
    });

    test("of another user than the environment's fails", async () => {
      await put({ username: "somebody", accessToken: TOKEN });
      expect((await findings(...ONE_REGION)).map(({ detail }) => detail)).toEqual([
        'its "username" is not acme-bot, which the environment has',
      ]);
    });

    test("that is to be deleted fails, and so does one that is gone", async () => {
      await account
        .secretsManager()
        .send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
      await account.secretsManager().send(
        new DeleteSecretCommand({
          SecretId: "ecr-pullthroughcache/team/ghcr",
          ForceDeleteWithoutRecovery: true,
        }),
      );
      const found = (await findings(...ONE_REGION)).filter(({ check }) => check === "secret");
      expect(found.map(({ detail, remedy }) => [detail, remedy])).toEqual([
        [
          expect.stringMatching(/^it is to be deleted \(since \d{4}-\d\d-\d\d\)$/),
          `aws secretsmanager restore-secret --secret-id ${SecretId} --region us-east-1`,
        ],
        [
          "there is no such secret",
          'make it in us-east-1 with the keys "username" and "accessToken", or correct credential.secretName',
        ],
      ]);
    });

    test("that nobody has renewed for longer than --max-age says is a finding", async () => {
      const now = Date.now();
      jest.spyOn(Date, "now").mockReturnValue(now + 100.5 * DAY);
      expect(await findings(...ONE_REGION, "--max-age", "100")).toEqual([]);
      expect(
        (await findings(...ONE_REGION, "--max-age", "99")).map(({ check, subject, detail }) => [
          check,
          subject,
          detail,
        ]),
      ).toEqual(
        [SecretId, "ecr-pullthroughcache/team/ghcr"].map((subject) => [
          "secret",
          subject,
          "changed 100 days ago, more than 99 days",
        ]),
      );
    });

    test("whose value may not be read is ok, and says so", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "GetSecretValue" });
      const { checks, exitCode } = await verify(...ONE_REGION);
      const unread = checks.filter(({ detail }) => detail?.includes("not checked"));
      expect(unread).toEqual([
        expect.objectContaining({
          check: "secret",
          state: "ok",
          detail: expect.stringMatching(
            /^changed 0 days ago; its value was not checked: AWS: the caller lacks the permission secretsmanager:GetSecretValue on ecr-pullthroughcache\/\S+ in us-east-1/,
          ) as string,
        }),
      ]);
      expect(exitCode).toBe(0);
    });
  });

  test("an upstream that refuses the credential", async () => {
    account.sandbox.upstream.set("ghcr.io", { failure: "access-denied" });
    const found = await findings(...ONE_REGION);
    expect(
      found.map(({ check, subject, detail, remedy }) => [check, subject, detail, remedy]),
    ).toEqual([
      [
        "rule",
        "ghcr",
        "Authentication with the upstream registry failed.",
        expect.stringMatching(
          /^Rotate the credential: create a new personal access token \(classic\)/,
        ),
      ],
    ]);
  });

  test("a rule that ECR finds valid, and that is not the environment's", async () => {
    const ecrRepositoryPrefix = "quay";
    await account.ecr().send(new DeletePullThroughCacheRuleCommand({ ecrRepositoryPrefix }));
    await account.ecr().send(
      new CreatePullThroughCacheRuleCommand({
        ecrRepositoryPrefix,
        upstreamRegistryUrl: "public.ecr.aws",
      }),
    );
    expect(await findings(...ONE_REGION)).toEqual([
      {
        region: "us-east-1",
        check: "rule",
        subject: "quay",
        state: "failed",
        detail: "upstream: found public.ecr.aws, expected quay.io",
        remedy: "npx cdktf deploy shop",
      },
    ]);
  });

  test("a check whose permission is missing is not made, and the others are", async () => {
    account.sandbox.faults.add({
      kind: "deny",
      action: "SimulatePrincipalPolicy",
      times: 2,
    });
    const { checks, exitCode } = await verify(...ONE_REGION);
    expect(checks.filter(({ state }) => state !== "ok")).toEqual([
      {
        region: "us-east-1",
        check: "role",
        subject: "ecsTaskExecutionRole",
        state: "not-checked",
        detail:
          "AWS: the caller lacks the permission iam:SimulatePrincipalPolicy on arn:aws:iam::123456789012:role/ecsTaskExecutionRole in us-east-1 (The sandbox denies this call: a fault was set.); allow it in the caller's IAM policy, or use another role",
        remedy: "grant the caller the permission, and verify again",
      },
    ]);
    expect(exitCode).toBe(1);
  });

  describe("--pull", () => {
    test("pulls through the cache of every region, by the upstream's name or the cache's", async () => {
      const host = `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`;
      const { checks, exitCode } = await verify("--pull", "nginx:1.27", `${host}/quay/org/app:2`);
      expect(
        checks
          .filter(({ check }) => check === "pull")
          .map(({ region, subject, detail }) => [region, subject, detail?.split(", ")]),
      ).toEqual([
        [
          "us-east-1",
          "nginx:1.27",
          [
            "docker-hub/library/nginx",
            expect.stringMatching(/^sha256:/),
            "for linux/amd64",
            "linux/arm64",
          ],
        ],
        ["eu-west-1", "nginx:1.27", expect.arrayContaining(["docker-hub/library/nginx"])],
        ["eu-west-1", `${host}/quay/org/app:2`, expect.arrayContaining(["quay/org/app"])],
      ]);
      expect(exitCode).toBe(0);
      const { images } = await account.ecr().send(
        new BatchGetImageCommand({
          repositoryName: "docker-hub/library/nginx",
          imageIds: [{ imageTag: "1.27" }],
        }),
      );
      expect(images).toHaveLength(1);
    });

    test("says what to do where nothing comes", async () => {
      account.sandbox.upstream.set("quay.io/org/gone", { failure: "not-found" });
      account.sandbox.upstream.set("quay.io/org/busy", { failure: "too-many-requests" });
      const digest = `sha256:${"0".repeat(64)}`;
      const found = await findings(
        ...ONE_REGION,
        ...["--pull", "quay.io/org/gone:1", "quay.io/org/busy", `nginx@${digest}`],
      );
      expect(found.map(({ subject, detail, remedy }) => [subject, detail, remedy])).toEqual([
        [
          "quay.io/org/gone:1",
          "ImageNotFound: Requested image not found",
          expect.stringMatching(
            /^check that the upstream has it, and grant the caller ecr:BatchImport/,
          ),
        ],
        [
          "quay.io/org/busy",
          "UpstreamTooManyRequests: The upstream registry answered with too many requests (429).",
          expect.stringMatching(/^Nothing is lost/),
        ],
        [
          `nginx@${digest}`,
          expect.stringMatching(/^ImageNotFound: /),
          expect.stringMatching(/^pull its tag first/),
        ],
      ]);
    });

    test("is not checked without the permission", async () => {
      account.sandbox.faults.add({ kind: "deny", action: "BatchGetImage" });
      expect(await findings(...ONE_REGION, "--pull", "nginx")).toEqual([
        expect.objectContaining({
          check: "pull",
          state: "not-checked",
          detail: expect.stringContaining(
            "lacks the permission ecr:BatchGetImage on docker-hub/library/nginx in us-east-1",
          ) as string,
        }),
      ]);
    });
  });

  describe("wrong use asks nothing, and is one line and exit code 2:", () => {
    test.each([
      [
        ["--pull", "gcr.io/a/b"],
        /^ecr-cache: image "gcr\.io\/a\/b": found no name in the cache: ECR can't cache Google/,
      ],
      [
        ["--pull", "999999999999.dkr.ecr.us-east-1.amazonaws.com/quay/x"],
        /^ecr-cache: image ".*": found no name in the cache: already a cache name \(environment elsewhere\)/,
      ],
      [
        ["--max-age", "soon"],
        /^ecr-cache: option '--max-age <days>' argument 'soon' is invalid\. allowed: a whole number from 1\n$/,
      ],
      [
        ["--region", "eu-west-3"],
        /^ecr-cache: --region: found "eu-west-3"; allowed: us-east-1, eu-west-1/,
      ],
    ])("%j", async (argv, message) => {
      account.sandbox.calls.reset();
      const { stdout, stderr, exitCode } = await run("verify", "--env", "shop", ...argv);
      expect(stderr).toMatch(message);
      expect({ stdout, exitCode, calls: account.sandbox.calls.count() }).toEqual({
        stdout: "",
        exitCode: 2,
        calls: 0,
      });
    });
  });
});
