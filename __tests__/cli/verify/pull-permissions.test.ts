import { defineEnvironment } from "../../../ecr/environment";
import { describeRefusal, pullQuestions, refusals } from "../../../cli/verify/pull-permissions";

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
