import { upstreamNames } from "../../ecr/upstreams";
import { MAX_MANAGED_POLICY_LENGTH, pullerPolicies } from "../../ecr/policies";
import { knownRegions, partitionOf } from "../../ecr/region";
import { CacheApp } from "../../stacks/cache-app";
import { exampleRule, maximal } from "../support/environments";
import { anEnvironment, Template } from "../support/template";
import { inTemporaryDirectory } from "../support/temporary-directory";

const environment = anEnvironment({
  regions: ["us-east-1", "eu-west-1"],
  formerRegions: ["ap-southeast-2"],
  tags: { team: "platform" },
  access: { consumers: [{ account: "444444444444", roles: ["tasks", "ci"] }] },
});

test("the stack of a consumer has the policy for pulls through the cache, attached to its roles, and nothing else", () => {
  const template = Template.ofConsumer(environment);
  expect(template.resourceCounts).toEqual({
    aws_iam_policy: 1,
    aws_iam_role_policy_attachment: 2,
  });
  expect(template.dataCounts).toEqual({});
  expect(template.document("aws_iam_policy.pull", "policy")).toEqual(
    pullerPolicies(environment)[0],
  );
  expect(template.resource("aws_iam_policy.pull")).toMatchObject({
    name: "ecr-cache-dev-pull",
    provider: "aws",
  });
  for (const role of ["tasks", "ci"]) {
    expect(template.resource(`aws_iam_role_policy_attachment.pull_${role}`)).toMatchObject({
      role,
      policy_arn: "${aws_iam_policy.pull.arn}",
      provider: "aws",
    });
  }
  expect(template.outputs).toMatchObject({
    puller_policy_arns: { value: ["${aws_iam_policy.pull.arn}"] },
  });
});

test("the only provider of a consumer's stack has no alias, and is restricted to the consumer's account", () => {
  const { providers, backend } = Template.ofConsumer(environment);
  expect(providers).toEqual([
    {
      region: "us-east-1",
      allowed_account_ids: ["444444444444"],
      default_tags: [{ tags: { team: "platform" } }],
    },
  ]);
  expect(JSON.stringify(backend)).toContain("terraform.dev-consumer-444444444444.tfstate");
});

test("the stack of a consumer assumes the consumer's role with its profile, and has its own backend", () => {
  const { providers, backend } = Template.ofConsumer(maximal);
  expect(providers).toMatchObject([
    {
      allowed_account_ids: ["444444444444"],
      profile: "acme-team",
      assume_role: [
        {
          role_arn: "arn:aws:iam::444444444444:role/deployers/ecr-cache",
          external_id: "acme:consumer",
          session_name: "ecr-cache",
        },
      ],
    },
  ]);
  expect(backend).toEqual({
    gcs: { bucket: "team-terraform-state", prefix: "ecr-cache/maximal-consumer-444444444444" },
  });
});

test("the policy of a consumer is split within IAM's limit, and each part is attached to each role", () => {
  const large = anEnvironment({
    regions: knownRegions.filter((region) => partitionOf(region) === "aws"),
    rules: upstreamNames.map(exampleRule),
    access: { consumers: environment.access.consumers },
  });
  const template = Template.ofConsumer(large);
  const parts = pullerPolicies(large).length;
  expect(parts).toBeGreaterThan(1);
  expect(template.resourceCounts).toEqual({
    aws_iam_policy: parts,
    aws_iam_role_policy_attachment: 2 * parts,
  });
  for (const { policy } of Object.values(
    template.resources({ tfResourceType: "aws_iam_policy" }),
  )) {
    expect(String(policy).length).toBeLessThanOrEqual(MAX_MANAGED_POLICY_LENGTH);
  }
});

describe("an app of an environment with consumers", () => {
  const before = process.env;
  afterEach(() => {
    process.env = before;
  });

  const stacksOf = () =>
    inTemporaryDirectory((outdir) => {
      const app = new CacheApp([environment], { outdir });
      app.synth();
      return app.stacks.map((stack) => ({
        name: stack.node.id,
        providers: (stack.toTerraform() as { provider: { aws: Record<string, unknown>[] } })
          .provider.aws,
      }));
    });

  test("has a stack for each", () => {
    expect(stacksOf().map(({ name }) => name)).toEqual(["dev", "dev-consumer-444444444444"]);
  });

  test("reaches the account of each in the sandbox by its id", () => {
    inTemporaryDirectory((directory) => {
      process.env = {
        ...before,
        ECR_CACHE_STATE_DIRECTORY: directory,
        AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      };
      const [cache, consumer] = stacksOf();
      expect(cache?.providers.some((provider) => "access_key" in provider)).toBe(false);
      expect(consumer?.providers).toMatchObject([
        { access_key: "444444444444", secret_key: "sandbox" },
      ]);
    });
  });
});
