import { EcrPullThroughCacheRule } from "@cdktf/provider-aws/lib/ecr-pull-through-cache-rule";
import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import {
  pullerPolicies,
  registryPolicy,
  repositoryPolicy,
  TEMPLATE_ROLE_TRUST,
  templateRolePolicy,
  UPSTREAM_ROLE_TRUST,
  upstreamRolePolicy,
} from "../../ecr/policies";
import { CacheStack } from "../../stacks/cache-stack";
import { maximal } from "../support/environments";
import { anEnvironment, Template } from "../support/template";
import { inTemporaryDirectory } from "../support/temporary-directory";

const synth = (change: Partial<EnvironmentInput> = {}) => Template.ofCache(anEnvironment(change));

const DEFAULT_LIFECYCLE_POLICY =
  '{"rules":[{"rulePriority":1,"description":"Keep the last 10 images","selection":{"tagStatus":"any",' +
  '"countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}';

const hub: RuleInput = { upstream: "docker-hub", credential: { username: "acme-bot" } };
const sharedRegistry: RuleInput = {
  upstream: "ecr",
  registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
  prefix: "shared",
  upstreamPrefix: "team-a",
};
const kmsKey = (region: string) => `arn:aws:kms:${region}:111111111111:key/${region}`;

describe("the smallest environment", () => {
  const template = synth();

  test("has a rule, a template and a policy for pullers, and nothing else", () => {
    expect(template.resourceCounts).toEqual({
      aws_ecr_pull_through_cache_rule: 1,
      aws_ecr_repository_creation_template: 1,
      aws_iam_policy: 1,
    });
    expect(template.dataCounts).toEqual({});
    expect(template.imports).toEqual([]);
    expect(template.variables).toEqual({});
  });

  test("has a rule that depends on its template, so that no pull is before it", () => {
    expect(template.resource("aws_ecr_pull_through_cache_rule.us-east-1_quay")).toEqual({
      provider: "aws.us-east-1",
      ecr_repository_prefix: "quay",
      upstream_registry_url: "quay.io",
      depends_on: ["aws_ecr_repository_creation_template.us-east-1_quay"],
    });
  });

  test("has a template of the rule's prefix, with mutable tags and the default lifecycle policy, and no role", () => {
    expect(template.resource("aws_ecr_repository_creation_template.us-east-1_quay")).toEqual({
      provider: "aws.us-east-1",
      prefix: "quay",
      description: "Cached from Quay",
      applied_for: ["PULL_THROUGH_CACHE"],
      image_tag_mutability: "MUTABLE",
      encryption_configuration: [{ encryption_type: "AES256" }],
      lifecycle_policy: DEFAULT_LIFECYCLE_POLICY,
    });
  });

  test("has providers that no other account can be touched with", () => {
    expect(template.providers).toEqual([
      { alias: "us-east-1", region: "us-east-1", allowed_account_ids: ["111111111111"] },
    ]);
  });

  test("has the versions that everything is tested with", () => {
    expect(template.terraform).toMatchObject({
      required_version: ">= 1.11.0",
      required_providers: { aws: { source: "aws", version: ">= 5.100.0, < 7.0.0" } },
    });
  });

  test("is found by cdktf's own matchers too", () => {
    inTemporaryDirectory((outdir) => {
      const stack = new CacheStack(Testing.app({ outdir }), anEnvironment());
      expect(Testing.synth(stack, true)).toHaveResourceWithProperties(EcrPullThroughCacheRule, {
        ecr_repository_prefix: "quay",
        upstream_registry_url: "quay.io",
      });
    });
  });
});

test("a version of the provider may be narrower", () => {
  expect(synth({ awsProviderVersion: "~> 6.28" }).terraform).toMatchObject({
    required_providers: { aws: { version: "~> 6.28" } },
  });
});

describe("tags", () => {
  const tags = { team: "platform", "cost-center": "4711" };
  const template = synth({ tags, regions: ["us-east-1", "eu-west-1"] });

  test("are on all that Terraform makes, and on the repositories that ECR makes", () => {
    expect(template.providers).toEqual(
      ["us-east-1", "eu-west-1"].map((region) => ({
        alias: region,
        region,
        allowed_account_ids: ["111111111111"],
        default_tags: [{ tags }],
      })),
    );
    for (const each of Object.values(template.resources("aws_ecr_repository_creation_template"))) {
      expect(each.resource_tags).toEqual(tags);
    }
  });

  test("need one role for all templates of all regions, ready before it is used", () => {
    const environment = anEnvironment({ tags, regions: ["us-east-1", "eu-west-1"] });
    expect(template.resources("aws_iam_role")).toEqual({
      template: {
        provider: "aws.us-east-1",
        name: "ecr-cache-dev-template",
        description: "Lets ECR create tagged or encrypted repositories for the pull-through cache",
        assume_role_policy: JSON.stringify(TEMPLATE_ROLE_TRUST),
      },
    });
    expect(template.resources("aws_iam_role_policy")).toEqual({
      template: {
        provider: "aws.us-east-1",
        name: "ecr-pull-through-cache",
        role: "${aws_iam_role.template.id}",
        policy: JSON.stringify(templateRolePolicy(environment)),
      },
    });
    for (const region of ["us-east-1", "eu-west-1"]) {
      expect(
        template.resource(`aws_ecr_repository_creation_template.${region}_quay`),
      ).toMatchObject({
        custom_role_arn: "${aws_iam_role.template.arn}",
        depends_on: ["aws_iam_role_policy.template"],
      });
    }
  });
});

describe("a KMS key", () => {
  const regions = ["us-east-1", "eu-west-1"];
  const template = synth({
    regions,
    rules: [
      { upstream: "quay", encryption: { type: "KMS", kmsKey: regions.map(kmsKey) } },
      { upstream: "k8s" },
    ],
  });

  test("is that of its region", () => {
    for (const region of regions) {
      expect(
        template.resource(`aws_ecr_repository_creation_template.${region}_quay`)
          .encryption_configuration,
      ).toEqual([{ encryption_type: "KMS", kms_key: kmsKey(region) }]);
    }
  });

  test("needs the role for the rules that have one, and no others", () => {
    expect(Object.keys(template.resources("aws_iam_role"))).toEqual(["template"]);
    const withRole = Object.entries(
      template.resources("aws_ecr_repository_creation_template"),
    ).filter(([, each]) => "custom_role_arn" in each);
    expect(withRole.map(([name]) => name).sort()).toEqual(["eu-west-1_quay", "us-east-1_quay"]);
  });
});

describe("a credential", () => {
  const template = synth({
    regions: ["us-east-1", "eu-west-1"],
    rules: [
      hub,
      {
        upstream: "chainguard",
        credential: { username: "acme", secretName: "ecr-pullthroughcache/shared/cgr" },
      },
      { upstream: "quay" },
    ],
  });

  test("is looked up by the name of its secret, in each region", () => {
    expect(template.dataCounts).toEqual({
      aws_secretsmanager_secret: 4,
      aws_secretsmanager_secrets: 2,
    });
    for (const region of ["us-east-1", "eu-west-1"]) {
      const listed = [`data.aws_secretsmanager_secrets.${region}`];
      expect(template.data(`aws_secretsmanager_secret.${region}_docker-hub`)).toEqual({
        provider: `aws.${region}`,
        name: "ecr-pullthroughcache/docker-hub",
        depends_on: listed,
      });
      expect(template.data(`aws_secretsmanager_secret.${region}_chainguard`)).toEqual({
        provider: `aws.${region}`,
        name: "ecr-pullthroughcache/shared/cgr",
        depends_on: listed,
      });
      expect(
        template.resource(`aws_ecr_pull_through_cache_rule.${region}_docker-hub`).credential_arn,
      ).toBe(`\${data.aws_secretsmanager_secret.${region}_docker-hub.arn}`);
      expect(
        template.resource(`aws_ecr_pull_through_cache_rule.${region}_quay`),
      ).not.toHaveProperty("credential_arn");
    }
  });

  test("that has no secret yet stops the plan with what to do", () => {
    expect(template.data("aws_secretsmanager_secrets.us-east-1")).toEqual({
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

  test("needs neither a token nor the other stack's state", () => {
    expect(template.variables).toEqual({});
    expect(template.text).not.toMatch(/access_token|accessToken|acme-bot|terraform_remote_state/);
    expect(template.resourceCounts).not.toHaveProperty("aws_secretsmanager_secret");
  });
});

describe("an upstream in another account's ECR", () => {
  const template = synth({ regions: ["us-east-1", "eu-west-1"], rules: [sharedRegistry] });
  const environment = anEnvironment({
    regions: ["us-east-1", "eu-west-1"],
    rules: [sharedRegistry],
  });

  test("has one role, which the rules of all regions use when it is ready", () => {
    expect(template.resources("aws_iam_role")).toEqual({
      upstream_shared: {
        provider: "aws.us-east-1",
        name: "ecr-cache-dev-upstream_shared",
        description:
          "Lets ECR pull from 444444444444.dkr.ecr.us-east-1.amazonaws.com into the pull-through cache",
        assume_role_policy: JSON.stringify(UPSTREAM_ROLE_TRUST),
      },
    });
    expect(template.document("aws_iam_role_policy.upstream_shared", "policy")).toEqual(
      upstreamRolePolicy(environment, environment.rules[0]!),
    );
    for (const region of ["us-east-1", "eu-west-1"]) {
      expect(template.resource(`aws_ecr_pull_through_cache_rule.${region}_shared`)).toEqual({
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
    }
  });

  test("has templates without that role, which is another's", () => {
    for (const each of Object.values(template.resources("aws_ecr_repository_creation_template"))) {
      expect(each).not.toHaveProperty("custom_role_arn");
    }
  });

  test("has a role whose name IAM takes, however long the environment's and the prefix are", () => {
    const names = ["abcdefgh/ijklmnop/qrstuvwx/yz1", "abcdefgh/ijklmnop/qrstuvwx/yz2"].map(
      (prefix) => ({ ...sharedRegistry, prefix }),
    );
    const roles = Object.values(
      synth({ name: "x".repeat(32), rules: names }).resources("aws_iam_role"),
    ).map(({ name }) => String(name));
    expect(roles.map((name) => name.length)).toEqual([64, 64]);
    expect(new Set(roles).size).toBe(2);
    for (const name of roles) expect(name).toMatch(/^ecr-cache-x{32}-[\w+=,.@-]+$/);
  });

  test("in another region of this account needs no role", () => {
    const own = synth({
      rules: [{ upstream: "ecr", registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com" }],
    });
    expect(own.resourceCounts).not.toHaveProperty("aws_iam_role");
    expect(own.resource("aws_ecr_pull_through_cache_rule.us-east-1_ecr")).not.toHaveProperty(
      "custom_role_arn",
    );
  });
});

describe("access", () => {
  const regions = ["us-east-1", "eu-west-1"];
  const access = { roles: ["ecsTaskExecutionRole", "ci"], accounts: ["222222222222"] };
  const environment = anEnvironment({ regions, access });
  const template = Template.ofCache(environment);

  test("of roles is one policy for the account, attached to each", () => {
    expect(template.resource("aws_iam_policy.pull")).toEqual({
      provider: "aws.us-east-1",
      name: "ecr-cache-dev-pull",
      description: "Pull images through the ECR pull-through cache of dev",
      policy: JSON.stringify(pullerPolicies(environment)[0]),
    });
    expect(template.resources("aws_iam_role_policy_attachment")).toEqual({
      pull_ecsTaskExecutionRole: {
        provider: "aws.us-east-1",
        role: "ecsTaskExecutionRole",
        policy_arn: "${aws_iam_policy.pull.arn}",
      },
      pull_ci: {
        provider: "aws.us-east-1",
        role: "ci",
        policy_arn: "${aws_iam_policy.pull.arn}",
      },
    });
  });

  test("is as many policies as IAM needs, each attached to each role", () => {
    const many = anEnvironment({
      regions,
      access,
      rules: Array.from({ length: 50 }, (_, index) => ({
        upstream: "quay",
        prefix: `mirrors/quay.io/team-${index}`,
      })),
    });
    const split = Template.ofCache(many);
    expect(
      Object.fromEntries(
        Object.keys(split.resources("aws_iam_policy")).map((name) => [
          split.resource(`aws_iam_policy.${name}`).name,
          split.document(`aws_iam_policy.${name}`, "policy"),
        ]),
      ),
    ).toEqual({
      "ecr-cache-dev-pull": pullerPolicies(many)[0],
      "ecr-cache-dev-pull-2": pullerPolicies(many)[1],
    });
    expect(Object.keys(split.resources("aws_iam_role_policy_attachment")).sort()).toEqual([
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

  test.each(regions)("of other accounts is in the registry and every template of %s", (region) => {
    expect(template.resource(`aws_ecr_registry_policy.${region}`)).toEqual({
      provider: `aws.${region}`,
      policy: JSON.stringify(registryPolicy(environment, region)),
    });
    expect(
      template.document(`aws_ecr_repository_creation_template.${region}_quay`, "repository_policy"),
    ).toEqual(repositoryPolicy(environment, region));
  });

  test("of roles alone leaves the registry's policy to others", () => {
    const rolesOnly = synth({ access: { roles: ["ci"] } });
    expect(rolesOnly.resourceCounts).not.toHaveProperty("aws_ecr_registry_policy");
    expect(
      rolesOnly.resource("aws_ecr_repository_creation_template.us-east-1_quay"),
    ).not.toHaveProperty("repository_policy");
  });

  test("of other accounts goes with a rule that is called like the registry's policy", () => {
    expect(
      synth({ access, rules: [{ upstream: "quay", prefix: "registry-policy" }] }).resourceCounts,
    ).toMatchObject({ aws_ecr_registry_policy: 1, aws_ecr_pull_through_cache_rule: 1 });
  });
});

describe("adopt", () => {
  const regions = ["us-east-1", "eu-west-1"];
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

  test("imports rule and template of each region, of that rule only", () => {
    expect(importsWith(true)).toEqual(
      [
        ...regions.map((region) => block("aws_ecr_pull_through_cache_rule", region)),
        ...regions.map((region) => block("aws_ecr_repository_creation_template", region)),
      ].sort(byTarget),
    );
  });

  test("imports only what it names", () => {
    expect(importsWith(["template"])).toEqual(
      regions.map((region) => block("aws_ecr_repository_creation_template", region)).sort(byTarget),
    );
    expect(importsWith(["secret"])).toEqual([]);
    expect(importsWith(false)).toEqual([]);
  });

  test("changes nothing but the import blocks", () => {
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

test("the outputs say what images are called, and which policies there are", () => {
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

describe("a region that the cache was taken out of", () => {
  test("keeps its provider, so that Terraform can destroy what is there, and nothing else", () => {
    const template = synth({ formerRegions: ["eu-west-1"] });
    expect(template.providers.map(({ alias }) => alias)).toEqual(["us-east-1", "eu-west-1"]);
    expect(template.addresses.filter((address) => address.includes("eu-west-1"))).toEqual([]);
    expect(template.outputs.registry_urls?.value).not.toHaveProperty("eu-west-1");
  });
});

describe("addresses in the state", () => {
  // A changed address is a destroyed resource: this list may grow, and no entry of it may ever change.
  test("of an environment with every option are these", () => {
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

  /** What stands at an address, without comments. */
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

  test("do not depend on the order of the rules", () => {
    expect(touched(synth({ rules: [...rules].reverse() }))).toEqual({
      added: [],
      removed: [],
      // A list of resources in another order is the same policy to IAM, and to Terraform.
      changed: ["aws_iam_policy.pull"],
    });
  });

  test("of a new rule are the only new ones, and of the others only the pullers' policy changes", () => {
    expect(touched(synth({ rules: [{ upstream: "ecr-public" }, ...rules] }))).toEqual({
      added: [
        "aws_ecr_pull_through_cache_rule.us-east-1_ecr-public",
        "aws_ecr_repository_creation_template.us-east-1_ecr-public",
      ],
      removed: [],
      changed: ["aws_iam_policy.pull"],
    });
  });

  test("of a removed rule are the only ones that are gone", () => {
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

  test("of a new region are its own", () => {
    const { added, removed } = touched(synth({ rules, regions: ["eu-west-1", "us-east-1"] }));
    expect(removed).toEqual([]);
    expect(added.filter((address) => !/\.eu-west-1(_|$)/.test(address))).toEqual([]);
    expect(added).toHaveLength(rules.length * 2 + 2);
  });

  test("are not shared by prefixes that differ only in their separators", () => {
    const prefixes = ["a/b", "a.b", "a-b", "a_b", "ab"];
    const template = synth({ rules: prefixes.map((prefix) => ({ upstream: "quay", prefix })) });
    expect(template.resourceCounts.aws_ecr_pull_through_cache_rule).toBe(prefixes.length);
  });
});
