import { DataAwsSecretsmanagerSecret } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secret";
import { DataAwsSecretsmanagerSecrets } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secrets";
import { EcrPullThroughCacheRule } from "@cdktf/provider-aws/lib/ecr-pull-through-cache-rule";
import { EcrRegistryPolicy } from "@cdktf/provider-aws/lib/ecr-registry-policy";
import { EcrRepositoryCreationTemplate } from "@cdktf/provider-aws/lib/ecr-repository-creation-template";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { App } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import {
  pullerPolicies,
  registryPolicy,
  type RegistryStatement,
  repositoryPolicy,
  TEMPLATE_ROLE_TRUST,
  templateRolePolicy,
  UPSTREAM_ROLE_TRUST,
  upstreamRolePolicy,
} from "../../ecr/policies";
import { CacheStack } from "../../stacks/cache-stack";
import { maximal } from "../support/environments";
import { anEnvironment, Template } from "../support/template";

const synth = (change: Partial<EnvironmentInput> = {}) => Template.ofCache(anEnvironment(change));

const DEFAULT_LIFECYCLE_POLICY =
  '{"rules":[{"rulePriority":1,"description":"Keep the last 10 images","selection":{"tagStatus":"any",' +
  '"countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}';

const regions = ["us-east-1", "eu-west-1"] as const;
const hub: RuleInput = { upstream: "docker-hub", credential: { username: "acme-bot" } };
const sharedRegistry: RuleInput = {
  upstream: "ecr",
  registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
  prefix: "shared",
  upstreamPrefix: "team-a",
};
const kmsKey = (region: string) => `arn:aws:kms:${region}:111111111111:key/${region}`;

describe("the cache stack of the smallest environment", () => {
  const template = synth();

  test("a cache stack has a rule, a template and a policy for pullers, and nothing else", () => {
    expect(template.resourceCounts).toEqual({
      aws_ecr_pull_through_cache_rule: 1,
      aws_ecr_repository_creation_template: 1,
      aws_iam_policy: 1,
    });
    expect(template.dataCounts).toEqual({});
    expect(template.imports).toEqual([]);
    expect(template.variables).toEqual({});
  });

  test("a rule depends on its template, so that no pull comes before the template", () => {
    expect(template.text).toHaveResourceWithProperties(EcrPullThroughCacheRule, {
      provider: "aws.us-east-1",
      ecr_repository_prefix: "quay",
      upstream_registry_url: "quay.io",
      depends_on: ["aws_ecr_repository_creation_template.us-east-1_quay"],
    });
  });

  test("a rule has no credential, role or upstream prefix unless it needs one", () => {
    expect(
      Object.keys(template.resource("aws_ecr_pull_through_cache_rule.us-east-1_quay")).sort(),
    ).toEqual(["depends_on", "ecr_repository_prefix", "provider", "upstream_registry_url"]);
  });

  test("a template has the prefix of its rule, mutable tags and the default lifecycle policy", () => {
    expect(template.text).toHaveResourceWithProperties(EcrRepositoryCreationTemplate, {
      provider: "aws.us-east-1",
      prefix: "quay",
      description: "Cached from Quay",
      applied_for: ["PULL_THROUGH_CACHE"],
      image_tag_mutability: "MUTABLE",
      encryption_configuration: [{ encryption_type: "AES256" }],
      lifecycle_policy: DEFAULT_LIFECYCLE_POLICY,
    });
  });

  test("a template has no role, tags or repository policy unless it needs one", () => {
    const address = "aws_ecr_repository_creation_template.us-east-1_quay";
    for (const argument of ["custom_role_arn", "resource_tags", "repository_policy"]) {
      expect(template.resource(address)).not.toHaveProperty(argument);
    }
  });

  test("a provider refuses credentials of any account but the environment's", () => {
    expect(template.text).toHaveProviderWithProperties(AwsProvider, {
      alias: "us-east-1",
      region: "us-east-1",
      allowed_account_ids: ["111111111111"],
    });
    expect(template.providers).toHaveLength(1);
    expect(template.providers[0]).not.toHaveProperty("default_tags");
  });

  test("a cache stack requires the versions that the project is tested with", () => {
    expect(template.terraform).toMatchObject({
      required_version: ">= 1.11.0",
      required_providers: { aws: { source: "hashicorp/aws", version: ">= 5.100.0, < 7.0.0" } },
    });
  });
});

test("a stack declares to cdktn the Terraform and OpenTofu that have write-only arguments", () => {
  const stack = new CacheStack(new App(), anEnvironment());
  expect(stack.node.tryGetContext("targetVersions")).toEqual({
    terraform: ">=1.11.0",
    opentofu: ">=1.11.0",
  });
});

test("`awsProviderVersion` narrows the versions of the provider that a cache stack accepts", () => {
  expect(synth({ awsProviderVersion: "~> 6.28" }).terraform).toMatchObject({
    required_providers: { aws: { version: "~> 6.28" } },
  });
});

describe("an environment with tags", () => {
  const tags = { team: "platform", "cost-center": "4711" };
  const environment = anEnvironment({ tags, regions });
  const { text } = Template.ofCache(environment);

  test.each(regions)(
    "tags are on what Terraform creates, and what ECR creates, in %s",
    (region) => {
      expect(text).toHaveProviderWithProperties(AwsProvider, {
        alias: region,
        region,
        allowed_account_ids: ["111111111111"],
        default_tags: [{ tags }],
      });
      expect(text).toHaveResourceWithProperties(EcrRepositoryCreationTemplate, {
        provider: `aws.${region}`,
        resource_tags: tags,
      });
    },
  );

  test("tags need one role for the templates of all regions", () => {
    expect(Object.keys(Template.ofCache(environment).resources(IamRole))).toEqual(["template"]);
    expect(text).toHaveResourceWithProperties(IamRole, {
      provider: "aws.us-east-1",
      name: "ecr-cache-dev-template",
      description: "Lets ECR create tagged or encrypted repositories for the pull-through cache",
      assume_role_policy: JSON.stringify(TEMPLATE_ROLE_TRUST),
    });
    expect(text).toHaveResourceWithProperties(IamRolePolicy, {
      provider: "aws.us-east-1",
      name: "ecr-pull-through-cache",
      role: "${aws_iam_role.template.id}",
      policy: JSON.stringify(templateRolePolicy(environment)),
    });
  });

  test.each(regions)("a template with tags in %s waits until its role has its policy", (region) => {
    expect(text).toHaveResourceWithProperties(EcrRepositoryCreationTemplate, {
      provider: `aws.${region}`,
      custom_role_arn: "${aws_iam_role.template.arn}",
      depends_on: ["aws_iam_role_policy.template"],
    });
  });
});

describe("a rule with a KMS key for each region", () => {
  const template = synth({
    regions,
    rules: [
      { upstream: "quay", encryption: { type: "KMS", kmsKey: regions.map(kmsKey) } },
      { upstream: "k8s" },
    ],
  });

  test.each(regions)("a template in %s encrypts with the key of that region", (region) => {
    expect(template.text).toHaveResourceWithProperties(EcrRepositoryCreationTemplate, {
      provider: `aws.${region}`,
      prefix: "quay",
      encryption_configuration: [{ encryption_type: "KMS", kms_key: kmsKey(region) }],
    });
  });

  test("a KMS key needs the templates' role for the rules that have a key, and no others", () => {
    expect(Object.keys(template.resources(IamRole))).toEqual(["template"]);
    const withRole = Object.entries(template.resources(EcrRepositoryCreationTemplate)).filter(
      ([, each]) => "custom_role_arn" in each,
    );
    expect(withRole.map(([name]) => name).sort()).toEqual(["eu-west-1_quay", "us-east-1_quay"]);
  });
});

describe("rules with a credential", () => {
  const template = synth({
    regions,
    rules: [
      hub,
      {
        upstream: "chainguard",
        credential: { username: "acme", secretName: "ecr-pullthroughcache/shared/cgr" },
      },
      { upstream: "quay" },
    ],
  });

  test.each(regions)("a credential is looked up by the name of its secret in %s", (region) => {
    for (const name of ["docker-hub", "shared/cgr"]) {
      expect(template.text).toHaveDataSourceWithProperties(DataAwsSecretsmanagerSecret, {
        provider: `aws.${region}`,
        name: `ecr-pullthroughcache/${name}`,
        depends_on: [`data.aws_secretsmanager_secrets.${region}`],
      });
    }
    expect(template.text).toHaveResourceWithProperties(EcrPullThroughCacheRule, {
      provider: `aws.${region}`,
      ecr_repository_prefix: "docker-hub",
      credential_arn: `\${data.aws_secretsmanager_secret.${region}_docker-hub.arn}`,
    });
    expect(template.resource(`aws_ecr_pull_through_cache_rule.${region}_quay`)).not.toHaveProperty(
      "credential_arn",
    );
  });

  test("secrets are listed once in each region", () => {
    expect(template.dataCounts).toEqual({
      aws_secretsmanager_secret: 4,
      aws_secretsmanager_secrets: 2,
    });
  });

  test("a secret that does not exist yet stops the plan with what to do", () => {
    expect(template.text).toHaveDataSourceWithProperties(DataAwsSecretsmanagerSecrets, {
      provider: "aws.us-east-1",
      filter: [{ name: "name", values: ["ecr-pullthroughcache/"] }],
      lifecycle: {
        postcondition: [
          {
            condition: '${contains(self.names, "ecr-pullthroughcache/docker-hub")}',
            error_message: expect.stringMatching(
              /^There is no secret ecr-pullthroughcache\/docker-hub in us-east-1\. Deploy \S+-credentials first\.$/,
            ) as string,
          },
          {
            condition: '${contains(self.names, "ecr-pullthroughcache/shared/cgr")}',
            error_message:
              "There is no secret ecr-pullthroughcache/shared/cgr in us-east-1. Create it, or correct credential.secretName.",
          },
        ],
      },
    });
  });

  test("a cache stack needs neither a token nor the credentials stack's state", () => {
    expect(template.variables).toEqual({});
    expect(template.text).not.toMatch(/access_token|accessToken|acme-bot|terraform_remote_state/);
    expect(template.text).not.toHaveResource(SecretsmanagerSecret);
  });
});

describe("a rule whose upstream is another account's ECR", () => {
  const environment = anEnvironment({ regions, rules: [sharedRegistry] });
  const template = Template.ofCache(environment);

  test("a rule of another account's ECR has one role for all regions", () => {
    expect(Object.keys(template.resources(IamRole))).toEqual(["upstream_shared"]);
    expect(template.text).toHaveResourceWithProperties(IamRole, {
      provider: "aws.us-east-1",
      name: "ecr-cache-dev-upstream_shared",
      description:
        "Lets ECR pull from 444444444444.dkr.ecr.us-east-1.amazonaws.com into the pull-through cache",
      assume_role_policy: JSON.stringify(UPSTREAM_ROLE_TRUST),
    });
    expect(template.document("aws_iam_role_policy.upstream_shared", "policy")).toEqual(
      upstreamRolePolicy(environment, environment.rules[0]!),
    );
  });

  test.each(regions)("a rule of another account's ECR waits for its role in %s", (region) => {
    expect(template.text).toHaveResourceWithProperties(EcrPullThroughCacheRule, {
      provider: `aws.${region}`,
      ecr_repository_prefix: "shared",
      upstream_registry_url: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      upstream_repository_prefix: "team-a",
      custom_role_arn: "${aws_iam_role.upstream_shared.arn}",
      depends_on: [
        `aws_ecr_repository_creation_template.${region}_shared`,
        "aws_iam_role_policy.upstream_shared",
      ],
    });
  });

  test("the role for another account's ECR is the rule's, not its template's", () => {
    for (const each of Object.values(template.resources(EcrRepositoryCreationTemplate))) {
      expect(each).not.toHaveProperty("custom_role_arn");
    }
  });

  test("the role's name is one that IAM accepts, however long the environment's and the prefix are", () => {
    const rules = ["abcdefgh/ijklmnop/qrstuvwx/yz1", "abcdefgh/ijklmnop/qrstuvwx/yz2"].map(
      (prefix) => ({ ...sharedRegistry, prefix }),
    );
    const roles = Object.values(synth({ name: "x".repeat(32), rules }).resources(IamRole)).map(
      ({ name }) => String(name),
    );
    expect(roles.map((name) => name.length)).toEqual([64, 64]);
    expect(new Set(roles).size).toBe(2);
    for (const name of roles) expect(name).toMatch(/^ecr-cache-x{32}-[\w+=,.@-]+$/);
  });

  test("a rule of this account's ECR in another region needs no role", () => {
    const own = synth({
      rules: [{ upstream: "ecr", registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com" }],
    });
    expect(own.text).not.toHaveResource(IamRole);
    expect(own.resource("aws_ecr_pull_through_cache_rule.us-east-1_ecr")).not.toHaveProperty(
      "custom_role_arn",
    );
  });
});

describe("an environment whose cache others may pull from", () => {
  const access = { roles: ["ecsTaskExecutionRole", "ci"], accounts: ["222222222222"] };
  const environment = anEnvironment({ regions, access });
  const template = Template.ofCache(environment);

  test("the roles of an environment share one policy", () => {
    expect(template.text).toHaveResourceWithProperties(IamPolicy, {
      provider: "aws.us-east-1",
      name: "ecr-cache-dev-pull",
      description: "Pull images through the ECR pull-through cache of dev",
      policy: JSON.stringify(pullerPolicies(environment)[0]),
    });
    expect(Object.keys(template.resources(IamPolicy))).toEqual(["pull"]);
    expect(Object.keys(template.resources(IamRolePolicyAttachment)).sort()).toEqual([
      "pull_ci",
      "pull_ecsTaskExecutionRole",
    ]);
  });

  test.each(access.roles)("the role %s has the pullers' policy attached", (role) => {
    expect(template.text).toHaveResourceWithProperties(IamRolePolicyAttachment, {
      provider: "aws.us-east-1",
      role,
      policy_arn: "${aws_iam_policy.pull.arn}",
    });
  });

  test("the pullers' policy is split where IAM's limit demands it, each part attached to each role", () => {
    const many = anEnvironment({
      regions,
      access,
      rules: Array.from({ length: 50 }, (_, index) => ({
        upstream: "quay",
        prefix: `mirrors/quay.io/team-${index}`,
      })),
    });
    const split = Template.ofCache(many);
    const documents = pullerPolicies(many).map((policy) => JSON.stringify(policy));
    for (const [index, name] of ["ecr-cache-dev-pull", "ecr-cache-dev-pull-2"].entries()) {
      expect(split.text).toHaveResourceWithProperties(IamPolicy, {
        name,
        policy: documents[index],
      });
    }
    expect(documents).toHaveLength(Object.keys(split.resources(IamPolicy)).length);
    expect(Object.keys(split.resources(IamRolePolicyAttachment)).sort()).toEqual([
      "pull-2_ci",
      "pull-2_ecsTaskExecutionRole",
      "pull_ci",
      "pull_ecsTaskExecutionRole",
    ]);
    expect(split.outputs.puller_policy_arns?.value).toEqual([
      "${aws_iam_policy.pull.arn}",
      "${aws_iam_policy.pull-2.arn}",
    ]);
  });

  test.each(regions)(
    "other accounts are in the registry policy and the templates of %s",
    (region) => {
      expect(template.text).toHaveResourceWithProperties(EcrRegistryPolicy, {
        provider: `aws.${region}`,
        policy: JSON.stringify(registryPolicy(environment, region)),
      });
      expect(template.text).toHaveResourceWithProperties(EcrRepositoryCreationTemplate, {
        provider: `aws.${region}`,
        prefix: "quay",
        repository_policy: JSON.stringify(repositoryPolicy(environment, region)),
      });
    },
  );

  const guarded = "aws_ecr_registry_policy.us-east-1_existing";
  const replication: RegistryStatement = {
    Sid: "Replication",
    Effect: "Allow",
    Principal: { AWS: "999999999999" },
    Action: "ecr:ReplicateImage",
    Resource: "arn:aws:ecr:us-east-1:111111111111:repository/*",
  };
  const told = (change: Partial<EnvironmentInput> = {}) =>
    synth({
      regions,
      access: { accounts: ["222222222222"], registryStatements: [replication] },
      ...change,
    });

  test("a registry policy of which nothing is known is imported by a resource that never changes it", () => {
    const unknown = synth({ access: { accounts: ["222222222222"] } });
    expect(unknown.imports).toEqual([
      { to: guarded, id: "111111111111", provider: "aws.us-east-1" },
    ]);
    expect(unknown.resource(guarded).lifecycle).toEqual({
      ignore_changes: "all",
      postcondition: [
        {
          condition: expect.stringContaining("self.policy") as string,
          error_message: expect.stringMatching(
            /^This deployment would remove statements from the registry policy of account 111111111111 in us-east-1: \$\{.*\}\. Add them to access\.registryStatements of environment dev/,
          ) as string,
        },
      ],
    });
    expect(unknown.resource("aws_ecr_registry_policy.us-east-1")).not.toHaveProperty("lifecycle");
    expect(unknown.removed).toEqual([]);
  });

  test("a registry policy that is known is not compared, unless it is adopted", () => {
    expect(told().imports).toEqual([]);
    expect(told().removed).toEqual(
      regions.map((region) => ({
        from: `aws_ecr_registry_policy.${region}_existing`,
        lifecycle: { destroy: false },
      })),
    );
    const adopting = told({ adopt: ["registry-policy"] });
    expect(adopting.imports).toHaveLength(2);
    expect(adopting.removed).toEqual([]);
  });

  test("statements of others are in the registry policy of the region that they name, and protect it", () => {
    const [us, eu] = regions.map((region) => `aws_ecr_registry_policy.${region}`);
    expect(told().document(us!, "policy")).toMatchObject({
      Statement: [{ Sid: "FillPullThroughCache" }, replication],
    });
    expect(told().resource(us!).lifecycle).toEqual({ prevent_destroy: true });
    expect(told().document(eu!, "policy")).toMatchObject({
      Statement: [{ Sid: "FillPullThroughCache" }],
    });
    expect(told().resource(eu!)).not.toHaveProperty("lifecycle");
  });

  test("statements of others are kept without other accounts, and left behind in a former region", () => {
    const without = told({
      regions: ["eu-west-1"],
      formerRegions: ["us-east-1"],
      access: { registryStatements: [replication, { ...replication, Resource: "*" }] },
    });
    expect(without.document("aws_ecr_registry_policy.eu-west-1", "policy")).toEqual({
      Version: "2012-10-17",
      Statement: [{ ...replication, Resource: "*" }],
    });
    expect(without.removed).toContainEqual({
      from: "aws_ecr_registry_policy.us-east-1",
      lifecycle: { destroy: false },
    });
  });

  test("a registry's policy is left alone where only roles of the account pull", () => {
    const rolesOnly = synth({ access: { roles: ["ci"] } });
    expect(rolesOnly.text).not.toHaveResource(EcrRegistryPolicy);
    expect(
      rolesOnly.resource("aws_ecr_repository_creation_template.us-east-1_quay"),
    ).not.toHaveProperty("repository_policy");
  });

  test("a rule may have the prefix registry-policy", () => {
    expect(
      synth({ access, rules: [{ upstream: "quay", prefix: "registry-policy" }] }).resourceCounts,
    ).toMatchObject({ aws_ecr_registry_policy: 2, aws_ecr_pull_through_cache_rule: 1 });
  });
});

describe("a rule that adopts what exists", () => {
  const block = (type: string, region: string) => ({
    to: `${type}.${region}_docker-hub`,
    id: "docker-hub",
    provider: `aws.${region}`,
  });
  const byTarget = (a: { to?: unknown }, b: { to?: unknown }) =>
    String(a.to).localeCompare(String(b.to));
  const importsWith = (adopt: RuleInput["adopt"]) =>
    [...synth({ regions, rules: [{ ...hub, adopt }, { upstream: "quay" }] }).imports].sort(
      byTarget,
    );

  test("`adopt: true` imports the rule and its template in each region, and no other rule's", () => {
    expect(importsWith(true)).toEqual(
      [
        ...regions.map((region) => block("aws_ecr_pull_through_cache_rule", region)),
        ...regions.map((region) => block("aws_ecr_repository_creation_template", region)),
      ].sort(byTarget),
    );
  });

  test("`adopt` with a list imports only what the list names", () => {
    expect(importsWith(["template"])).toEqual(
      regions.map((region) => block("aws_ecr_repository_creation_template", region)).sort(byTarget),
    );
    expect(importsWith(["secret"])).toEqual([]);
    expect(importsWith(false)).toEqual([]);
  });

  test("`adopt` adds import blocks and changes nothing else", () => {
    const [adopting, usual] = [
      synth({ rules: [{ ...hub, adopt: true }] }),
      synth({ rules: [hub] }),
    ];
    expect(adopting.addresses).toEqual(usual.addresses);
    for (const address of usual.addresses.filter((it) => !it.startsWith("data."))) {
      expect(adopting.resource(address)).toEqual(usual.resource(address));
    }
  });
});

test("the outputs of a cache stack are the registries, what image names begin with, and the pullers' policies", () => {
  const template = synth({
    regions: ["us-east-1", "eu-west-1"],
    rules: [{ upstream: "quay" }, { upstream: "k8s", prefix: "ROOT" }],
  });
  const registry = (region: string) => `111111111111.dkr.ecr.${region}.amazonaws.com`;
  expect(template.outputs).toEqual({
    registry_urls: {
      description: "The registry of each region",
      value: { "us-east-1": registry("us-east-1"), "eu-west-1": registry("eu-west-1") },
    },
    pull_uri_bases: {
      description: "The pull URI that cached images start with, by region and rule prefix",
      value: {
        "us-east-1": { quay: `${registry("us-east-1")}/quay`, ROOT: registry("us-east-1") },
        "eu-west-1": { quay: `${registry("eu-west-1")}/quay`, ROOT: registry("eu-west-1") },
      },
    },
    puller_policy_arns: {
      description: "The IAM policies that allow pulling, for roles that are not in access.roles",
      value: ["${aws_iam_policy.pull.arn}"],
    },
  });
});

describe("a region that the cache was removed from", () => {
  test("a former region keeps its provider, so that Terraform can destroy what is there, and nothing else", () => {
    const template = synth({ formerRegions: ["eu-west-1"] });
    expect(template.providers.map(({ alias }) => alias)).toEqual(["us-east-1", "eu-west-1"]);
    expect(template.addresses.filter((address) => address.includes("eu-west-1"))).toEqual([]);
    expect(template.outputs.registry_urls?.value).not.toHaveProperty("eu-west-1");
  });
});

describe("addresses in Terraform's state", () => {
  // A changed address is a destroyed resource: this list may grow, and no entry of it may ever change.
  test("the addresses of a cache stack with every option stay as they are", () => {
    const template = Template.ofCache(maximal);
    const prefixes = [
      ...["ROOT", "acme-azure", "chainguard", "docker-hub", "ecr-public", "ghcr", "gitlab"],
      ...["mirrors__quay_-io", "shared"],
    ];
    const perRegion = (type: string, names = prefixes) =>
      ["eu-central-1", "us-east-1"].flatMap((region) =>
        names.map((name) => `${type}.${region}_${name}`),
      );
    const own = template.addresses.filter((address) =>
      /^(data\.)?aws_(ecr|iam|secretsmanager)_/.test(address),
    );
    expect(own).toEqual(
      expect.arrayContaining([
        ...perRegion("aws_ecr_pull_through_cache_rule"),
        ...perRegion("aws_ecr_repository_creation_template"),
        ...perRegion("data.aws_secretsmanager_secret", [
          ...["acme-azure", "chainguard", "docker-hub", "ghcr", "gitlab"],
        ]),
        "aws_ecr_registry_policy.eu-central-1",
        "aws_ecr_registry_policy.us-east-1",
        "aws_iam_policy.pull",
        "aws_iam_role.template",
        "aws_iam_role.upstream_shared",
        "aws_iam_role_policy.template",
        "aws_iam_role_policy.upstream_shared",
        "aws_iam_role_policy_attachment.pull_codebuild-ci",
        "aws_iam_role_policy_attachment.pull_ecsTaskExecutionRole",
        "aws_iam_role_policy_attachment.pull_team_x2b_puller_x40_acme",
      ]),
    );
  });

  const rules: readonly RuleInput[] = [
    hub,
    { upstream: "quay" },
    { upstream: "k8s", prefix: "mirrors/registry.k8s.io" },
    sharedRegistry,
  ];

  /** What is at each address, without comments. */
  const contents = (template: Template) =>
    new Map(
      template.addresses.map((address) => [
        address,
        address.startsWith("data.")
          ? template.data(address.slice("data.".length))
          : template.resource(address),
      ]),
    );
  const before = synth({ rules });

  /** The addresses that are new, gone or changed. */
  function touched(after: Template): { added: string[]; removed: string[]; changed: string[] } {
    const [old, now] = [contents(before), contents(after)];
    const text = (all: typeof old, address: string) => JSON.stringify(all.get(address));
    return {
      added: [...now.keys()].filter((address) => !old.has(address)),
      removed: [...old.keys()].filter((address) => !now.has(address)),
      changed: [...now.keys()].filter(
        (address) => old.has(address) && text(old, address) !== text(now, address),
      ),
    };
  }

  test("the addresses of a cache stack do not depend on the order of the rules", () => {
    expect(touched(synth({ rules: [...rules].reverse() }))).toEqual({
      added: [],
      removed: [],
      // A list of resources in another order is the same policy to IAM, and to Terraform.
      changed: ["aws_iam_policy.pull"],
    });
  });

  test("a new rule adds its own addresses, and changes only the pullers' policy", () => {
    expect(touched(synth({ rules: [{ upstream: "ecr-public" }, ...rules] }))).toEqual({
      added: [
        "aws_ecr_pull_through_cache_rule.us-east-1_ecr-public",
        "aws_ecr_repository_creation_template.us-east-1_ecr-public",
      ],
      removed: [],
      changed: ["aws_iam_policy.pull"],
    });
  });

  test("a removed rule removes its own addresses, and changes only the pullers' policy", () => {
    expect(touched(synth({ rules: rules.slice(1) }))).toEqual({
      added: [],
      removed: [
        "aws_ecr_pull_through_cache_rule.us-east-1_docker-hub",
        "aws_ecr_repository_creation_template.us-east-1_docker-hub",
        "data.aws_secretsmanager_secret.us-east-1_docker-hub",
        "data.aws_secretsmanager_secrets.us-east-1",
      ],
      changed: ["aws_iam_policy.pull"],
    });
  });

  test("a new region adds its own addresses, and removes none", () => {
    const { added, removed } = touched(synth({ rules, regions: ["eu-west-1", "us-east-1"] }));
    expect(removed).toEqual([]);
    expect(added.filter((address) => !/\.eu-west-1(_|$)/.test(address))).toEqual([]);
    expect(added).toHaveLength(rules.length * 2 + 2);
  });

  test("prefixes that differ only in their separators do not share an address", () => {
    const prefixes = ["a/b", "a.b", "a-b", "a_b", "ab"];
    const template = synth({ rules: prefixes.map((prefix) => ({ upstream: "quay", prefix })) });
    expect(template.resourceCounts.aws_ecr_pull_through_cache_rule).toBe(prefixes.length);
  });
});

describe("the roles that a cache stack creates", () => {
  const roles = (template: Template) => Object.values(template.resources(IamRole));

  test("every role has the environment's boundary and path, those of maintenance too", () => {
    const found = roles(Template.ofCache(maximal));
    expect(found).toHaveLength(6);
    for (const role of found) {
      expect(role).toMatchObject({
        path: "/platform/caches/",
        permissions_boundary: "arn:aws:iam::555555555555:policy/boundaries/platform",
      });
    }
  });

  test("no role has a boundary or a path where the environment names none", () => {
    for (const role of roles(synth({ tags: { team: "platform" }, maintenance: {} }))) {
      expect(role).not.toHaveProperty("path");
      expect(role).not.toHaveProperty("permissions_boundary");
    }
  });
});

describe("the providers of a cache stack", () => {
  test("every provider uses the environment's profile, and assumes its role", () => {
    const { providers } = Template.ofCache(maximal);
    expect(providers).toHaveLength(3);
    for (const provider of providers) {
      expect(provider).toMatchObject({
        profile: "acme-prod",
        assume_role: [
          {
            role_arn: "arn:aws:iam::555555555555:role/deployers/ecr-cache",
            external_id: "acme:caches",
            session_name: "ecr-cache-maximal",
          },
        ],
      });
    }
  });

  test("a provider uses the usual chain of credentials where the environment names neither profile nor role", () => {
    const [provider] = synth().providers;
    expect(provider).not.toHaveProperty("profile");
    expect(provider).not.toHaveProperty("assume_role");
  });
});
