import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { type App, TerraformStack, Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import type { EnvironmentInput } from "../../ecr/environment";
import { CacheStack } from "../../stacks/cache-stack";
import { anEnvironment } from "../support/template";
import { inTemporaryDirectory } from "../support/temporary-directory";

interface Resources {
  readonly resource: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const addRole = (scope: TerraformStack, provider?: AwsProvider) =>
  new IamRole(scope, "execution-role", { provider, name: "web", assumeRolePolicy: "{}" });

/** A user's stack beside that of an environment, after `grantPull` for each of the environment's regions. */
function grant(change: Partial<EnvironmentInput> = {}) {
  return inTemporaryDirectory((outdir) => {
    const app: App = Testing.app({ outdir });
    const cacheStack = new CacheStack(app, anEnvironment(change));
    const web = new TerraformStack(app, "web");
    new AwsProvider(web, "default", { region: "us-east-1" });
    const other = new AwsProvider(web, "other", { alias: "other", region: "us-east-1" });
    const role = addRole(web, other);
    const granted = cacheStack.environment.regions.map((region) =>
      cacheStack
        .cache(region)
        .grantPull(role)
        .map(({ fqn }) => fqn),
    );
    return {
      granted,
      synthesized: Testing.synth(web),
      dependencies: web.dependencies.map(({ node }) => node.id),
    };
  });
}

const attachmentsIn = (synthesized: string) =>
  (JSON.parse(synthesized) as Resources).resource[IamRolePolicyAttachment.tfResourceType] ?? {};

test("`grantPull` attaches the environment's policy to a role of another stack, without a reference between the stacks", () => {
  const { synthesized, dependencies } = grant();
  expect(synthesized).toHaveResourceWithProperties(IamRolePolicyAttachment, {
    provider: "aws.other",
    role: "${aws_iam_role.execution-role.name}",
    policy_arn: "arn:aws:iam::111111111111:policy/ecr-cache-dev-pull",
  });
  expect(synthesized).not.toContain("terraform_remote_state");
  expect(dependencies).toEqual(["dev"]);
});

test("`grantPull` for a second region of an environment changes nothing", () => {
  const { granted, synthesized } = grant({ regions: ["us-east-1", "eu-west-1"] });
  expect(granted[1]).toEqual(granted[0]);
  expect(synthesized).toBe(grant().synthesized);
});

test("`grantPull` names the attachment by role and policy: a changed name is a destroyed resource", () => {
  expect(Object.keys(attachmentsIn(grant().synthesized))).toEqual([
    "execution-role_ecr-cache-dev-pull_B97B5E0D",
  ]);
});

test("`grantPull` attaches every policy where the pullers need more than one", () => {
  const { granted, synthesized } = grant({
    rules: Array.from({ length: 50 }, (_, index) => ({
      upstream: "quay" as const,
      prefix: `mirrors/quay.io/some-team-${index}`,
    })),
    regions: ["us-east-1", "eu-west-1"],
  });
  const arns = Object.values(attachmentsIn(synthesized)).map(
    (attachment) => (attachment as { policy_arn: string }).policy_arn,
  );
  expect(arns.sort()).toEqual(
    ["pull", "pull-2"].map((name) => `arn:aws:iam::111111111111:policy/ecr-cache-dev-${name}`),
  );
  expect(granted[0]).toHaveLength(arns.length);
});

test("`grantPull` writes the policy's ARN in the partition of the environment", () => {
  expect(grant({ regions: ["eusc-de-east-1"] }).synthesized).toHaveResourceWithProperties(
    IamRolePolicyAttachment,
    { policy_arn: "arn:aws-eusc:iam::111111111111:policy/ecr-cache-dev-pull" },
  );
});

test("`grantPull` refers to the policy itself for a role of the same stack", () => {
  inTemporaryDirectory((outdir) => {
    const stack = new CacheStack(Testing.app({ outdir }), anEnvironment());
    stack.cache("us-east-1").grantPull(addRole(stack));
    expect(Testing.synth(stack)).toHaveResourceWithProperties(IamRolePolicyAttachment, {
      role: "${aws_iam_role.execution-role.name}",
      policy_arn: "${aws_iam_policy.pull.arn}",
    });
    expect(stack.dependencies).toEqual([]);
  });
});
