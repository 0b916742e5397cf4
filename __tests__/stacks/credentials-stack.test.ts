import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { maximal } from "../support/environments";
import { anEnvironment, Template } from "../support/template";

const hub: RuleInput = {
  upstream: "docker-hub",
  credential: { username: "acme-bot", version: 3 },
};

const synth = (change: Partial<EnvironmentInput> = {}) =>
  Template.ofCredentials(
    anEnvironment({ regions: ["us-east-1", "eu-west-1"], rules: [hub], ...change }),
  );

describe("the secret of a rule", () => {
  const template = synth();

  test.each(["us-east-1", "eu-west-1"])("is made in %s, under the default key", (region) => {
    expect(template.resource(`aws_secretsmanager_secret.${region}_docker-hub`)).toEqual({
      provider: `aws.${region}`,
      name: "ecr-pullthroughcache/docker-hub",
      description: "ECR's credential for Docker Hub",
    });
  });

  test.each(["us-east-1", "eu-west-1"])("has a value in %s that is only written", (region) => {
    expect(template.resource(`aws_secretsmanager_secret_version.${region}_docker-hub`)).toEqual({
      provider: `aws.${region}`,
      secret_id: `\${aws_secretsmanager_secret.${region}_docker-hub.id}`,
      secret_string_wo:
        '${jsonencode({"username" = "acme-bot", "accessToken" = var.docker_hub_access_token})}',
      secret_string_wo_version: 3,
    });
  });

  test("is all that the stack has", () => {
    expect(template.resourceCounts).toEqual({
      aws_secretsmanager_secret: 2,
      aws_secretsmanager_secret_version: 2,
    });
    expect(template.dataCounts).toEqual({});
    expect(template.outputs).toEqual({});
    expect(template.imports).toEqual([]);
  });

  test("has one variable for all regions: required, sensitive, ephemeral, not null and not empty", () => {
    expect(template.variables).toEqual({
      docker_hub_access_token: {
        type: "string",
        description: "The access token of acme-bot at Docker Hub",
        sensitive: true,
        ephemeral: true,
        nullable: false,
        validation: [
          {
            condition: "${length(var.docker_hub_access_token) > 0}",
            error_message: "The token for Docker Hub is empty.",
          },
        ],
      },
    });
  });

  test("is written with providers that no other account can be touched with", () => {
    expect(synth({ tags: { team: "platform" } }).providers).toEqual(
      ["us-east-1", "eu-west-1"].map((region) => ({
        alias: region,
        region,
        allowed_account_ids: ["111111111111"],
        default_tags: [{ tags: { team: "platform" } }],
      })),
    );
  });
});

test("the variables of all upstreams that take a token have readable names and no default", () => {
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
    expect(variable).toMatchObject({ sensitive: true, ephemeral: true, nullable: false });
    expect(variable).not.toHaveProperty("default");
  }
});

describe("recoveryWindowInDays", () => {
  const windowsOf = (recoveryWindowInDays?: number) =>
    Object.values(
      synth({
        rules: [{ ...hub, credential: { username: "acme-bot", recoveryWindowInDays } }],
      }).resources("aws_secretsmanager_secret"),
    ).map(({ recovery_window_in_days: days }) => days);

  test("is what is said", () => {
    expect(windowsOf(0)).toEqual([0, 0]);
    expect(windowsOf(7)).toEqual([7, 7]);
  });

  test("is left to AWS by default", () => {
    expect(windowsOf()).toEqual([undefined, undefined]);
  });
});

describe("a rule whose secret exists already", () => {
  test("has none here", () => {
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
    expect(Object.keys(template.resources("aws_secretsmanager_secret")).sort()).toEqual([
      "eu-west-1_docker-hub",
      "us-east-1_docker-hub",
    ]);
    expect(Object.keys(template.variables)).toEqual(["docker_hub_access_token"]);
    expect(template.text).not.toContain("shared/cgr");
  });
});

describe("adopt", () => {
  test.each([true, ["secret"] as const])(
    "%j imports the secret by the ARN that it is found under",
    (adopt) => {
      const template = synth({ rules: [{ ...hub, adopt }] });
      expect(template.imports).toEqual(
        ["us-east-1", "eu-west-1"].map((region) => ({
          to: `aws_secretsmanager_secret.${region}_docker-hub`,
          id: `\${data.aws_secretsmanager_secret.${region}_docker-hub.arn}`,
          provider: `aws.${region}`,
        })),
      );
      expect(template.data("aws_secretsmanager_secret.eu-west-1_docker-hub")).toEqual({
        provider: "aws.eu-west-1",
        name: "ecr-pullthroughcache/docker-hub",
      });
      expect(template.resources("aws_secretsmanager_secret")).toEqual(
        synth().resources("aws_secretsmanager_secret"),
      );
    },
  );

  test("of rule and template imports no secret", () => {
    const template = synth({ rules: [{ ...hub, adopt: ["rule", "template"] }] });
    expect(template.imports).toEqual([]);
    expect(template.dataCounts).toEqual({});
  });
});

test("the addresses of an environment with every option are these", () => {
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
