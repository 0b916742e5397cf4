import { permissionPolicies } from "../../../ecr/policies/permissions";
import { maximal } from "../../support/environments";
import { run } from "../../support/run";

const parse = ({ stdout }: { stdout: string }) =>
  JSON.parse(stdout) as {
    Statement: {
      Sid: string;
      Action: string[];
      Resource: string[];
      Condition?: Record<string, Record<string, unknown>>;
    }[];
  };

const policyOf = async (...args: string[]) => parse(await run("permissions", ...args));

describe("`permissions`", () => {
  test("prints a policy for plans that allows no action that writes", async () => {
    const { Statement } = await policyOf("plan", "--env", "prod");

    const actions = Statement.flatMap(({ Action }) => Action);
    expect(actions).toContain("ecr:DescribePullThroughCacheRules");
    expect(actions.filter((action) => !/:(Get|List|Describe)/.test(action))).toEqual([]);
  });

  test("prints a policy for deployments that attaches only the environment's own policies, and passes roles only to ECR and Lambda", async () => {
    const parts = [
      await policyOf("deploy", "--env", "prod", "--part", "1"),
      await policyOf("deploy", "--env", "prod", "--part", "2"),
    ];

    const statements = parts.flatMap(({ Statement }) => Statement);
    const allowing = (action: string) => statements.filter(({ Action }) => Action.includes(action));
    expect(allowing("iam:AttachRolePolicy")).toMatchObject([
      {
        Condition: {
          ArnLike: { "iam:PolicyARN": "arn:aws:iam::333333333333:policy/ecr-cache-prod-*" },
        },
      },
    ]);
    expect(allowing("iam:PassRole")).toMatchObject([
      {
        Resource: ["arn:aws:iam::333333333333:role/ecr-cache-prod-*"],
        Condition: {
          StringEquals: {
            "iam:PassedToService": [
              "ecr.amazonaws.com",
              "pullthroughcache.ecr.amazonaws.com",
              "lambda.amazonaws.com",
            ],
          },
        },
      },
    ]);
    expect(statements.flatMap(({ Action }) => Action).join()).not.toContain("*");
  });

  test.each(["plan", "deploy", "operate"])(
    "has `*` as a resource of `%s` only for actions that AWS does not let you scope",
    async (role) => {
      const first = await policyOf(role, "--env", "prod", "--part", "1");
      expect(
        first.Statement.filter(({ Resource }) => Resource.includes("*")).map(({ Sid }) => Sid),
      ).toEqual(role === "operate" ? ["Registry"] : ["Registry", "FindSecrets"]);
    },
  );

  test("allows an operator only what the commands named with --command call", async () => {
    const { Statement } = await policyOf("operate", "--env", "dev", "--command", "warm");

    expect(Statement.flatMap(({ Action }) => Action)).toEqual([
      "ecr:DescribePullThroughCacheRules",
      "ecr:ListPullTimeUpdateExclusions",
      "ecr:BatchGetImage",
      "ecr:BatchImportUpstreamImage",
      "ecr:CreateRepository",
      "ecr:GetDownloadUrlForLayer",
      "ecr:ListImageReferrers",
    ]);
  });

  test("names the parts of a policy that exceeds IAM's limit, and prints none", async () => {
    expect(await run("permissions", "deploy", "--env", "prod")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "ecr-cache: the policy exceeds IAM's limit of one managed policy and has 2 parts: run the command with --part 1 to --part 2, and attach them all\n",
    });
  });

  test.each([
    [["plan", "--env", "dev", "--part", "2"], "--part: found 2; allowed: 1 to 1"],
    [
      ["operate", "--env", "dev", "--command", "map"],
      '--command: found "map"; allowed: rules, verify, credentials, images, findings, cost, warm, bench, refresh, lifecycle, prune, purge',
    ],
    [
      ["plan", "--env", "dev", "--command", "warm"],
      "--command applies to operate only; leave it out for plan",
    ],
  ])("refuses %j in one line", async (args, message) => {
    expect(await run("permissions", ...args)).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
    });
  });
});

test("the policy for operators lets `verify` read the keys of the environment, and those of its topics' accounts", () => {
  const statements = permissionPolicies(maximal, "operate", { commands: ["verify"] }).flatMap(
    ({ Statement }) => Statement,
  );
  expect(statements).toContainEqual({
    Sid: "Keys",
    Effect: "Allow",
    Action: ["kms:DescribeKey", "kms:GetKeyPolicy"],
    Resource: [
      "arn:aws:kms:us-east-1:555555555555:key/11111111-2222-3333-4444-555555555555",
      "arn:aws:kms:eu-central-1:555555555555:key/66666666-7777-8888-9999-000000000000",
      "arn:aws:kms:us-east-1:555555555555:key/*",
      "arn:aws:kms:eu-central-1:555555555555:key/*",
    ],
  });
  expect(statements).toContainEqual({
    Sid: "Topics",
    Effect: "Allow",
    Action: ["sns:GetTopicAttributes"],
    Resource: [
      "arn:aws:sns:us-east-1:555555555555:alerts",
      "arn:aws:sns:eu-central-1:555555555555:alerts",
    ],
  });
});
