import { pullEventPattern } from "../../../constructs/maintenance/triggers";
import { defineEnvironment } from "../../../ecr/environment";
import { matchesPattern } from "../../../sandbox/maintenance/pattern";

const environment = defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }],
});

const event = (status: string, repository = "quay/org/app", account = environment.account) => ({
  source: "aws.ecr",
  account,
  "detail-type": "ECR Pull Through Cache Action",
  detail: { "sync-status": status, "repository-name": repository },
});

const succeeded: unknown = JSON.parse(pullEventPattern(environment, ["SUCCESS"]));
const failed: unknown = JSON.parse(
  pullEventPattern(environment, [{ "anything-but": ["SUCCESS"] }]),
);

test.each([
  ["a pull that succeeded", event("SUCCESS"), [true, false]],
  ["a pull that failed", event("FAILED"), [false, true]],
  ["another prefix", event("SUCCESS", "ghcr/org/app"), [false, false]],
  ["another account", event("FAILED", "quay/org/app", "222222222222"), [false, false]],
  ["an event without a detail", { source: "aws.ecr" }, [false, false]],
  ["no object", "event", [false, false]],
])("the patterns of the triggers match %s as EventBridge does", (_, found, expected) => {
  expect([matchesPattern(succeeded, found), matchesPattern(failed, found)]).toEqual(expected);
});

test.each([
  [{ a: [{ suffix: ".png" }] }, { a: "b.png" }, true],
  [{ a: [{ exists: false }] }, {}, true],
  [{ a: [{ exists: true }] }, {}, false],
  [{ a: [{ "anything-but": "x" }] }, { a: "y" }, true],
  [{ a: [{ "anything-but": { prefix: "x" } }] }, { a: "xy" }, false],
  [{ a: { b: [1, 2] } }, { a: { b: 2 } }, true],
])("an event pattern %j of %j is %s", (pattern, found, expected) => {
  expect(matchesPattern(pattern, found)).toBe(expected);
});

test("an operator that the sandbox does not know is named", () => {
  expect(() => matchesPattern({ a: [{ cidr: "10.0.0.0/8" }] }, { a: "10.0.0.1" })).toThrow(
    "the operator cidr of event patterns",
  );
});
