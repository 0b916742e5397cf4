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
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import {
  App,
  Fn,
  LocalBackend,
  S3Backend,
  type TerraformElement,
  TerraformOutput,
  TerraformStack,
  TerraformVariable,
} from "cdktf";
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { StackBackend } from "../ecr/environment/backend";
import type { FloorData } from "./floor-data";

/*
 * The floor: a flat program that hands the same resources to cdktf with as little of its own as can be. It has no
 * checks, no constructs and no defaults; every value is worked out beforehand. What it takes is what cdktf takes.
 */

const name = <E extends TerraformElement>(element: E, id: string): E => {
  element.overrideLogicalId(id);
  return element;
};

const app = new App();

function stackOf(environment: FloorData, id: string, { type, settings }: StackBackend) {
  const stack = new TerraformStack(app, id);
  const { useLockfile, ...rest } = settings as Record<string, string>;
  if (type === "s3") {
    new S3Backend(stack, rest as never);
    stack.addOverride("terraform.backend.s3.use_lockfile", useLockfile);
  } else {
    new LocalBackend(stack, {
      path: relative(resolve(app.outdir, "stacks", id), resolve(rest.path!)),
    });
  }
  const providers = Object.fromEntries(
    environment.regions.map((region) => [
      region,
      new AwsProvider(stack, `aws_${region}`, {
        alias: region,
        region,
        allowedAccountIds: [environment.account],
        defaultTags: [{ tags: environment.tags }],
      }),
    ]),
  );
  stack.addOverride("terraform.required_version", ">= 1.11.0");
  stack.addOverride("terraform.required_providers.aws.version", environment.version);
  return { stack, providers };
}

function credentials(e: FloorData): void {
  const { stack, providers } = stackOf(e, `${e.name}-credentials`, e.credentialsBackend);
  for (const secret of e.secrets) {
    const token = new TerraformVariable(stack, secret.variable, {
      type: "string",
      description: `The ${secret.tokenName} of ${secret.username} at ${secret.title}`,
      sensitive: true,
      validation: [
        {
          condition: `\${length(var.${secret.variable}) > 0}`,
          errorMessage: `The token for ${secret.title} is empty.`,
        },
      ],
    });
    token.addOverride("ephemeral", true);
    token.addOverride("nullable", false);
    for (const region of e.regions) {
      const id = `${region}_${secret.prefix}`;
      const provider = providers[region]!;
      const resource = name(
        new SecretsmanagerSecret(stack, `secret_${id}`, {
          provider,
          name: secret.secretName,
          description: `ECR's credential for ${secret.title}`,
        }),
        id,
      );
      name(
        new SecretsmanagerSecretVersion(stack, `version_${id}`, {
          provider,
          secretId: resource.id,
          secretStringWo: Fn.jsonencode({
            username: secret.username,
            accessToken: token.stringValue,
          }),
          secretStringWoVersion: secret.version,
        }),
        id,
      );
    }
  }
}

function cache(e: FloorData): void {
  const { stack, providers } = stackOf(e, e.name, e.cacheBackend);
  const global = providers[e.regions[0]!]!;
  const role = (id: string, description: string, trust: string, policy: string) => {
    const resource = name(
      new IamRole(stack, `role_${id}`, {
        provider: global,
        name: `ecr-cache-${e.name}-${id}`,
        description,
        assumeRolePolicy: trust,
      }),
      id,
    );
    const rolePolicy = name(
      new IamRolePolicy(stack, `role_policy_${id}`, {
        provider: global,
        name: "ecr-pull-through-cache",
        role: resource.id,
        policy,
      }),
      id,
    );
    return { arn: resource.arn, rolePolicy };
  };
  const templateRole = e.templatePolicy
    ? role(
        "template",
        "Lets ECR create tagged or encrypted repositories for the pull-through cache",
        e.templateTrust,
        e.templatePolicy,
      )
    : undefined;
  const upstreamRoles = Object.fromEntries(
    e.rules.flatMap(({ prefix, url, upstreamPolicy }) =>
      upstreamPolicy
        ? [
            [
              prefix,
              role(
                `upstream_${prefix}`,
                `Lets ECR pull from ${url} into the pull-through cache`,
                e.upstreamTrust,
                upstreamPolicy,
              ),
            ],
          ]
        : [],
    ),
  );
  const policyArns = e.pullerPolicies.map((policy, index) => {
    const id = index === 0 ? "pull" : `pull-${index + 1}`;
    const resource = name(
      new IamPolicy(stack, `policy_${id}`, {
        provider: global,
        name: `ecr-cache-${e.name}-${id}`,
        description: `Pull images through the ECR pull-through cache of ${e.name}`,
        policy,
      }),
      id,
    );
    for (const puller of e.roles) {
      name(
        new IamRolePolicyAttachment(stack, `attachment_${id}_${puller}`, {
          provider: global,
          role: puller,
          policyArn: resource.arn,
        }),
        `${id}_${puller}`,
      );
    }
    return resource.arn;
  });
  for (const region of e.regions) {
    const provider = providers[region]!;
    const { registry, repository } = e.policies[region]!;
    const secrets = e.rules.filter(({ secretName }) => secretName);
    const all =
      secrets.length > 0 &&
      name(
        new DataAwsSecretsmanagerSecrets(stack, `secrets_${region}`, {
          provider,
          filter: [{ name: "name", values: ["ecr-pullthroughcache/"] }],
          lifecycle: {
            postcondition: secrets.map(({ secretName }) => ({
              condition: `\${contains(self.names, "${secretName}")}`,
              errorMessage: `There is no secret ${secretName} in ${region}. Deploy ${e.name}-credentials first.`,
            })),
          },
        }),
        region,
      );
    for (const rule of e.rules) {
      const id = `${region}_${rule.prefix}`;
      const upstreamRole = upstreamRoles[rule.prefix];
      const template = name(
        new EcrRepositoryCreationTemplate(stack, `template_${id}`, {
          provider,
          prefix: rule.prefix,
          description: `Cached from ${rule.title}`,
          appliedFor: ["PULL_THROUGH_CACHE"],
          imageTagMutability: "MUTABLE",
          encryptionConfiguration: [{ encryptionType: "AES256" }],
          lifecyclePolicy: rule.lifecyclePolicy,
          repositoryPolicy: repository,
          resourceTags: e.tags,
          ...(rule.needsTemplateRole &&
            templateRole && {
              customRoleArn: templateRole.arn,
              dependsOn: [templateRole.rolePolicy],
            }),
        }),
        id,
      );
      const secret =
        rule.secretName &&
        all &&
        name(
          new DataAwsSecretsmanagerSecret(stack, `secret_${id}`, {
            provider,
            name: rule.secretName,
            dependsOn: [all],
          }),
          id,
        );
      name(
        new EcrPullThroughCacheRule(stack, `rule_${id}`, {
          provider,
          ecrRepositoryPrefix: rule.prefix,
          upstreamRegistryUrl: rule.url,
          ...(secret && { credentialArn: secret.arn }),
          ...(upstreamRole && { customRoleArn: upstreamRole.arn }),
          dependsOn: [template, ...(upstreamRole ? [upstreamRole.rolePolicy] : [])],
        }),
        id,
      );
    }
    if (registry) {
      name(
        new EcrRegistryPolicy(stack, `registry_${region}`, { provider, policy: registry }),
        region,
      );
    }
  }
  new TerraformOutput(stack, "registry_urls", {
    description: "The registry of each region",
    value: e.registryUrls,
  });
  new TerraformOutput(stack, "pull_uri_bases", {
    description: "The pull URI that cached images start with, by region and rule prefix",
    value: e.pullUriBases,
  });
  new TerraformOutput(stack, "puller_policy_arns", {
    description: "The IAM policies that allow pulling, for roles that are not in access.roles",
    value: policyArns,
  });
}

const environments = JSON.parse(readFileSync(process.env.BENCH_DATA ?? "", "utf8")) as FloorData[];
for (const environment of environments) {
  if (environment.secrets.length > 0) credentials(environment);
  cache(environment);
}
app.synth();
