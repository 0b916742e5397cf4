import { DataAwsSecretsmanagerSecret } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secret";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import "cdktf/lib/testing/adapters/jest";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { maximal } from "../support/environments";
import { anEnvironment, Template } from "../support/template";

const regions = ["us-east-1", "eu-west-1"] as const;
const hub: RuleInput = {
  upstream: "docker-hub",
  credential: { username: "acme-bot", version: 3 },
};

const synth = (change: Partial<EnvironmentInput> = {}) =>
  Template.ofCredentials(anEnvironment({ regions, rules: [hub], ...change }));

describe("a rule with a credential", () => {
  const template = synth();

  test.each(regions)("a secret is created in %s, under the default key", (region) => {
    expect(template.text).toHaveResourceWithProperties(SecretsmanagerSecret, {
      provider: `aws.${region}`,
      name: "ecr-pullthroughcache/docker-hub",
      description: "ECR's credential for Docker Hub",
    });
    const secret = template.resource(`aws_secretsmanager_secret.${region}_docker-hub`);
    expect(secret).not.toHaveProperty("kms_key_id");
    expect(secret).not.toHaveProperty("recovery_window_in_days");
  });

  test.each(regions)("the value of a secret in %s is a write-only argument", (region) => {
    expect(template.text).toHaveResourceWithProperties(SecretsmanagerSecretVersion, {
      provider: `aws.${region}`,
      secret_id: `\${aws_secretsmanager_secret.${region}_docker-hub.id}`,
      secret_string_wo:
        '${jsonencode({"username" = "acme-bot", "accessToken" = var.docker_hub_access_token})}',
      secret_string_wo_version: 3,
    });
    expect(
      template.resource(`aws_secretsmanager_secret_version.${region}_docker-hub`),
    ).not.toHaveProperty("secret_string");
  });

  test("a credentials stack has secrets and their versions, and nothing else", () => {
    expect(template.resourceCounts).toEqual({
      aws_secretsmanager_secret: 2,
      aws_secretsmanager_secret_version: 2,
    });
    expect(template.dataCounts).toEqual({});
    expect(template.outputs).toEqual({});
    expect(template.imports).toEqual([]);
  });

  test("a token is one variable for all regions: sensitive, ephemeral, neither null nor empty", () => {
    expect(template.variables).toEqual({
      docker_hub_access_token: {
        type: "string",
        description: "The access token of acme-bot at Docker Hub",
        sensitive: true,
        default: "",
        ephemeral: true,
        nullable: false,
        validation: [
          {
            condition: "${length(var.docker_hub_access_token) > 0}",
            error_message:
              "The token for Docker Hub is not set. Set TF_VAR_docker_hub_access_token; for a plan or a destroy any value will do.",
          },
        ],
      },
    });
  });

  test.each(regions)(
    "a credentials stack's provider in %s has the account and the tags",
    (region) => {
      expect(synth({ tags: { team: "platform" } }).text).toHaveProviderWithProperties(AwsProvider, {
        alias: region,
        region,
        allowed_account_ids: ["111111111111"],
        default_tags: [{ tags: { team: "platform" } }],
      });
    },
  );
});

test("the variable of every upstream that requires a token has a readable name, and a default that is refused", () => {
  const { variables } = Template.ofCredentials(maximal);
  expect(
    Object.fromEntries(
      Object.entries(variables).map(([name, { description }]) => [name, description]),
    ),
  ).toEqual({
    docker_hub_access_token: "The access token of acme-bot at Docker Hub",
    gitlab_access_token:
      "The deploy or personal access token of deploy-token-1 at GitLab Container Registry",
    chainguard_access_token: "The pull token of acme/0f0f at Chainguard",
    acme_azure_access_token: "The token password of puller at Azure Container Registry",
  });
  for (const variable of Object.values(variables)) {
    expect(variable).toMatchObject({
      sensitive: true,
      ephemeral: true,
      nullable: false,
      default: "",
      validation: [{ condition: expect.stringMatching(/^\$\{length\(.*\) > 0\}$/) as unknown }],
    });
  }
});

test("`recoveryWindowInDays` is the recovery window of a secret in each region", () => {
  for (const recoveryWindowInDays of [0, 7]) {
    const { text } = synth({
      rules: [{ ...hub, credential: { username: "acme-bot", recoveryWindowInDays } }],
    });
    for (const region of regions) {
      expect(text).toHaveResourceWithProperties(SecretsmanagerSecret, {
        provider: `aws.${region}`,
        recovery_window_in_days: recoveryWindowInDays,
      });
    }
  }
});

test("a secret is replaced only once its replacement exists, unless its name is free at once", () => {
  const lifecycle = (recoveryWindowInDays?: number) =>
    synth({
      rules: [{ ...hub, credential: { username: "acme-bot", recoveryWindowInDays } }],
    }).resource("aws_secretsmanager_secret.us-east-1_docker-hub").lifecycle;
  expect(lifecycle()).toEqual({ create_before_destroy: true });
  expect(lifecycle(7)).toEqual({ create_before_destroy: true });
  expect(lifecycle(0)).toBeUndefined();
});

test("a credentials stack has no secret for a rule whose secret exists already", () => {
  const template = synth({
    rules: [
      hub,
      {
        upstream: "chainguard",
        credential: { username: "acme", secretName: "ecr-pullthroughcache/shared/cgr" },
      },
      { upstream: "quay" },
    ],
  });
  expect(Object.keys(template.resources(SecretsmanagerSecret)).sort()).toEqual([
    "eu-west-1_docker-hub",
    "us-east-1_docker-hub",
  ]);
  expect(Object.keys(template.variables)).toEqual(["docker_hub_access_token"]);
  expect(template.text).not.toContain("shared/cgr");
});

describe("a rule that adopts what exists", () => {
  test.each([true, ["secret"] as const])(
    "`adopt: %j` imports the secret of each region by its ARN",
    (adopt) => {
      const template = synth({ rules: [{ ...hub, adopt }] });
      expect(template.imports).toEqual(
        regions.map((region) => ({
          to: `aws_secretsmanager_secret.${region}_docker-hub`,
          id: `\${data.aws_secretsmanager_secret.${region}_docker-hub.arn}`,
          provider: `aws.${region}`,
        })),
      );
      for (const region of regions) {
        expect(template.text).toHaveDataSourceWithProperties(DataAwsSecretsmanagerSecret, {
          provider: `aws.${region}`,
          name: "ecr-pullthroughcache/docker-hub",
        });
      }
      expect(template.resources(SecretsmanagerSecret)).toEqual(
        synth().resources(SecretsmanagerSecret),
      );
    },
  );

  test("`adopt` of the rule and its template imports no secret", () => {
    const template = synth({ rules: [{ ...hub, adopt: ["rule", "template"] }] });
    expect(template.imports).toEqual([]);
    expect(template.dataCounts).toEqual({});
  });
});

test("the addresses of a credentials stack with every option stay as they are", () => {
  // A changed address is a destroyed resource: this list may grow, and no entry of it may ever change.
  const names = ["acme-azure", "chainguard", "docker-hub", "gitlab"].flatMap((prefix) =>
    ["eu-central-1", "us-east-1"].map((region) => `${region}_${prefix}`),
  );
  expect(Template.ofCredentials(maximal).addresses).toEqual(
    [
      ...names.map((name) => `aws_secretsmanager_secret.${name}`),
      ...names.map((name) => `aws_secretsmanager_secret_version.${name}`),
      // For the import of what `adopt` names.
      "data.aws_secretsmanager_secret.eu-central-1_docker-hub",
      "data.aws_secretsmanager_secret.us-east-1_docker-hub",
    ].sort(),
  );
});
