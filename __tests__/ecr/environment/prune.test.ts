import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import { formatPolicy, reconcilePolicy } from "../../../ecr/policies";
import { userErrorOf } from "../../support/user-error";

const define = (prune: unknown, change: object = {}) =>
  defineEnvironment({
    name: "prod",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }],
    maintenance: {},
    prune,
    ...change,
  } as EnvironmentInput);

const role = (name: string) => `arn:aws:iam::111111111111:role/${name}`;

test("an environment is not pruned unless it says so", () => {
  expect(define(undefined)).not.toHaveProperty("prune");
});

test("`prune: {}` takes every default", () => {
  expect(define({}).prune).toEqual({
    unpulledForDays: 90,
    keepAtLeast: 1,
    dryRun: false,
    pullTimeUpdateExclusions: [],
  });
});

test("the role that Terraform and `ecr-cache` assume is excluded from pull times, once", () => {
  const assumeRole = { roleArn: role("deployers/ecr-cache") };
  const exclusions = (list: readonly string[]) =>
    define({ pullTimeUpdateExclusions: list }, { assumeRole }).prune?.pullTimeUpdateExclusions;
  expect(exclusions([role("scanner")])).toEqual([role("deployers/ecr-cache"), role("scanner")]);
  expect(exclusions([role("deployers/ecr-cache")])).toEqual([role("deployers/ecr-cache")]);
});

test.each<[string, unknown, object, string]>([
  [
    "a day",
    { unpulledForDays: 1 },
    {},
    "prune.unpulledForDays: found 1; allowed: a whole number from 2",
  ],
  ["a negative number", { keepAtLeast: -1 }, {}, "prune.keepAtLeast: found -1"],
  ["no maintenance", {}, { maintenance: undefined }, "prune: found no maintenance"],
  ["a name", { pullTimeUpdateExclusions: ["scanner"] }, {}, "allowed: the ARN of an IAM role"],
  [
    "a role of elsewhere",
    { pullTimeUpdateExclusions: ["arn:aws:iam::222222222222:role/scanner"] },
    {},
    "prune.pullTimeUpdateExclusions[0]: found a role of 222222222222",
  ],
  [
    "a role again",
    { pullTimeUpdateExclusions: [role("a"), role("a")] },
    {},
    "prune.pullTimeUpdateExclusions[1]",
  ],
  [
    "more than fits in the variables of a function",
    { pullTimeUpdateExclusions: Array.from({ length: 50 }, (_, at) => role(`scanner-${at}`)) },
    {},
    "allowed: at most 1500",
  ],
])("`prune` refuses %s", (_, prune, change, message) => {
  expect(userErrorOf(() => define(prune, change))).toContain(message);
});

test("`prune` keeps its settings where maintenance is switched off", () => {
  expect(define({}, { maintenance: { enabled: false } }).prune).toBeDefined();
});

const actionsOf = (prune: unknown) =>
  reconcilePolicy(define(prune), "us-east-1").Statement.flatMap(({ Action }) => Action);

test("only the function of an environment that prunes may delete images, and none in a dry run", () => {
  expect(actionsOf(undefined).filter((action) => /Image|Exclusion/.test(action))).toEqual([
    "ecr:PutImageTagMutability",
  ]);
  expect(actionsOf({ dryRun: true })).toContain("ecr:DescribeImages");
  expect(actionsOf({ dryRun: true })).not.toContain("ecr:BatchDeleteImage");
  expect(actionsOf({})).toContain("ecr:BatchDeleteImage");
  expect(actionsOf({})).not.toContain("ecr:RegisterPullTimeUpdateExclusion");
  expect(actionsOf({ pullTimeUpdateExclusions: [role("a")] })).toEqual(
    expect.arrayContaining([
      "ecr:ListPullTimeUpdateExclusions",
      "ecr:RegisterPullTimeUpdateExclusion",
    ]),
  );
});

test("the function deletes images only under the environment's prefixes", () => {
  const statement = reconcilePolicy(define({}), "us-east-1").Statement.find(
    ({ Sid }) => Sid === "PruneImages",
  );
  expect(statement?.Resource).toEqual(["arn:aws:ecr:us-east-1:111111111111:repository/quay/*"]);
  expect(formatPolicy(reconcilePolicy(define(undefined), "us-east-1"))).not.toContain(
    "PruneImages",
  );
});
