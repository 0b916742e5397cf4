import { defineEnvironment } from "../../../ecr/environment";
import {
  allowedActions,
  describeRefusal,
  pullQuestions,
  refusals,
  unlistedQuestions,
} from "../../../cli/verify/pull-permissions";

const ARN = "arn:aws:ecr:eu-west-1:123456789012:repository";

test("a role is asked for the token, and for pulling and caching under each prefix of the region", () => {
  const environment = defineEnvironment({
    name: "shop",
    account: "123456789012",
    regions: ["us-east-1", "eu-west-1"],
    rules: [{ upstream: "quay" }, { upstream: "k8s", prefix: "ROOT" }],
  });
  expect(pullQuestions(environment, "eu-west-1")).toEqual([
    { ActionNames: ["ecr:GetAuthorizationToken"], ResourceArns: ["*"] },
    {
      ActionNames: [
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository",
      ],
      ResourceArns: [`${ARN}/quay/*`, `${ARN}/*`],
    },
  ]);
});

test("a role is asked for what `only` lists, and for what it does not list", () => {
  const environment = defineEnvironment({
    name: "shop",
    account: "123456789012",
    regions: ["eu-west-1"],
    rules: [
      { upstream: "quay", only: ["prometheus/*", "unlisted/*"] },
      { upstream: "k8s" },
      { upstream: "ecr-public", prefix: "ROOT", only: ["docker/library/*", "ecr-cache-verify/*"] },
    ],
  });
  expect(pullQuestions(environment, "eu-west-1")[1]?.ResourceArns).toEqual(
    [
      ...["quay/prometheus/*", "quay/unlisted/*", "kubernetes/*"],
      ...["docker/library/*", "ecr-cache-verify/*"],
    ].map((name) => `${ARN}/${name}`),
  );
  expect(unlistedQuestions(environment, "eu-west-1")).toEqual([
    {
      ActionNames: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
      ResourceArns: [`${ARN}/quay/ecr-cache-verify/unlisted`, `${ARN}/unlisted/ecr-cache-verify`],
    },
  ]);
});

test("`allowedActions` names each action that is allowed somewhere", () => {
  const result = (action: string, decision: "allowed" | "implicitDeny") => ({
    EvalActionName: action,
    EvalResourceName: `${ARN}/quay/x`,
    EvalDecision: decision,
  });
  expect(
    allowedActions([
      result("ecr:CreateRepository", "implicitDeny"),
      result("ecr:BatchImportUpstreamImage", "allowed"),
      result("ecr:BatchImportUpstreamImage", "allowed"),
    ]),
  ).toEqual(["ecr:BatchImportUpstreamImage"]);
});

test("what is allowed is no refusal", () => {
  expect(
    refusals([
      { EvalActionName: "a:X", EvalResourceName: "*", EvalDecision: "allowed" },
      {
        EvalActionName: "a:Y",
        EvalDecision: "implicitDeny",
        ResourceSpecificResults: [{ EvalResourceName: "r", EvalResourceDecision: "allowed" }],
      },
    ]),
  ).toEqual([]);
});

test("refusals of one kind are put together, whichever form the simulator has for them", () => {
  const flat = (action: string, name: string, decision = "implicitDeny") => ({
    EvalActionName: action,
    EvalResourceName: `${ARN}/${name}/*`,
    EvalDecision: decision as "implicitDeny",
  });
  const nested = {
    EvalActionName: "ecr:BatchGetImage",
    EvalDecision: "implicitDeny" as const,
    ResourceSpecificResults: ["quay", "ghcr"].map((name) => ({
      EvalResourceName: `${ARN}/${name}/*`,
      EvalResourceDecision: "implicitDeny" as const,
    })),
  };
  const found = refusals([
    nested,
    flat("ecr:CreateRepository", "quay"),
    flat("ecr:CreateRepository", "ghcr"),
    flat("ecr:CreateRepository", "azure"),
    flat("ecr:CreateRepository", "locked", "explicitDeny"),
    { EvalActionName: "ecr:GetAuthorizationToken", EvalDecision: "implicitDeny" },
  ]);
  expect(found.map(describeRefusal)).toEqual([
    "lacks ecr:CreateRepository on locked/*, which a policy denies",
    "lacks ecr:BatchGetImage, ecr:CreateRepository on quay/*, ghcr/*",
    "lacks ecr:CreateRepository on azure/*",
    "lacks ecr:GetAuthorizationToken on *",
  ]);
});
