import { evaluate } from "../../ecr/policies/evaluate";

const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const ALLOW = { Effect: "Allow", Action: "ecr:Get*", Resource: "arn:repository/quay/*" };

test.each([
  ["ecr:GetLifecyclePolicy", "arn:repository/quay/a", "allowed"],
  ["ECR:getlifecyclepolicy", "arn:repository/quay/a", "allowed"],
  ["ecr:PutImage", "arn:repository/quay/a", "implicitDeny"],
  ["ecr:GetLifecyclePolicy", "arn:repository/other/a", "implicitDeny"],
])("%s on %s: %s", (action, resource, decision) => {
  expect(evaluate([policy(ALLOW)], action, resource)).toBe(decision);
});

test("nothing is allowed without a policy", () => {
  expect(evaluate([], "ecr:GetLifecyclePolicy", "*")).toBe("implicitDeny");
});

test("a denial in any policy overrides what others allow", () => {
  const deny = policy({ Effect: "Deny", NotAction: "ecr:GetLifecyclePolicy", Resource: "*" });
  expect(evaluate([policy(ALLOW), deny], "ecr:GetImage", "arn:repository/quay/a")).toBe(
    "explicitDeny",
  );
  expect(evaluate([policy(ALLOW), deny], "ecr:GetLifecyclePolicy", "arn:repository/quay/a")).toBe(
    "allowed",
  );
});

test("a statement with a condition applies to nothing, since there is no context", () => {
  const conditional = policy({ ...ALLOW, Condition: { Bool: { "aws:SecureTransport": "true" } } });
  expect(evaluate([conditional], "ecr:GetImage", "arn:repository/quay/a")).toBe("implicitDeny");
});

test.each([
  ["Action", ["ecr:PutImage", "ecr:Get*"], "allowed"],
  ["Resource", ["arn:repository/other/*", "arn:repository/quay/*"], "allowed"],
  ["NotAction", ["ecr:PutImage", "ecr:Get*"], "implicitDeny"],
  ["NotResource", ["arn:repository/other/*", "arn:repository/quay/*"], "implicitDeny"],
])("one entry of a list in %s is enough", (element, list, decision) => {
  const statement = {
    ...ALLOW,
    ...(element === "NotAction" && { Action: undefined }),
    ...(element === "NotResource" && { Resource: undefined }),
    [element]: list,
  };
  expect(evaluate([policy(statement)], "ecr:GetImage", "arn:repository/quay/a")).toBe(decision);
});
