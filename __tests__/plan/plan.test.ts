import { parsePlan } from "../../plan/plan";
import { plan, planJson, rule } from "../support/plan-builder";

const ALLOWED = "allowed: the output of terraform show -json PLAN";
test.each([
  ["", `nothing; ${ALLOWED}`],
  ["PK\u0003\u0004…", `a saved plan; ${ALLOWED}`],
  ['{"@level":"info"}\n{"@level":"info"}\n', `the output of terraform plan -json; ${ALLOWED}`],
  ["Terraform will perform", `text that is not JSON; ${ALLOWED}`],
  ["[]", `JSON that is not a plan; ${ALLOWED}, in format 1`],
  ["{}", `JSON that is not a plan; ${ALLOWED}, in format 1`],
  ['{"format_version":"2.0"}', `a plan in format 2.0; ${ALLOWED}, in format 1`],
  ['{"format_version":"1.0","values":{}}', `a state; ${ALLOWED}`],
])("`review` refuses what is not a plan in one line that names the file: %j", (text, message) => {
  expect(() => parsePlan(text, "plan.json")).toThrow(`plan.json: found ${message}`);
});

test.each([
  [["no-op"], undefined, "none"],
  [["create"], undefined, "create"],
  [["update"], undefined, "update"],
  [["delete"], undefined, "destroy"],
  [["delete", "create"], undefined, "replace"],
  [["create", "delete"], undefined, "replace"],
  [["forget"], undefined, "forget"],
  [["no-op"], { id: "quay" }, "import"],
  [["update"], { id: "quay" }, "import"],
])(
  "a change with the actions %j and the import %j is read as `%s`",
  (actions, importing, action) => {
    expect(plan([rule({ actions, importing })]).changes.map((change) => change.action)).toEqual([
      action,
    ]);
  },
);

test("a resource is in its provider's region, or in the region in its name if it is no longer configured", () => {
  const { changes } = plan([
    rule({ actions: ["create"], provider: "eu-west-1" }),
    rule({ address: "aws_ecr_pull_through_cache_rule.us-east-1_ghcr", actions: ["delete"] }),
    { address: "aws_iam_policy.pull", actions: ["delete"] },
  ]);
  expect(changes.map(({ region, namedRegion }) => [region, namedRegion])).toEqual([
    ["eu-west-1", "us-east-1"],
    ["us-east-1", "us-east-1"],
    [null, null],
  ]);
});

test("data sources of a plan are not read as changes", () => {
  const text = planJson([rule({ actions: ["read"] })]).replace('"mode":"managed"', '"mode":"data"');
  expect(parsePlan(text, "plan.json").changes).toEqual([]);
});

test("an attribute is sensitive if a mask covers it, in part or as a whole", () => {
  const of = (sensitive: unknown) =>
    plan([rule({ actions: ["update"], sensitive: sensitive as Record<string, unknown> })])
      .changes.map((change) => [...change.sensitive])
      .flat();
  expect(of({ a: true, b: { c: true }, d: { e: false }, f: [] })).toEqual(["a", "b"]);
  expect(of(true)).toEqual(["upstream_registry_url", "ecr_repository_prefix"]);
});

test.each(["before_sensitive", "after_sensitive"])(
  "all attributes are sensitive if %s covers the whole resource",
  (mask) => {
    const text = planJson([rule({ actions: ["update"] })]).replace(
      `"${mask}":{}`,
      `"${mask}":true`,
    );
    expect([...parsePlan(text, "plan.json").changes[0]!.sensitive]).toEqual([
      "upstream_registry_url",
      "ecr_repository_prefix",
    ]);
  },
);
