import { GetRegistryPolicyCommand } from "@aws-sdk/client-ecr";
import { ListAttachedRolePoliciesCommand, ListPoliciesCommand } from "@aws-sdk/client-iam";
import { GetSecretValueCommand, ListSecretsCommand } from "@aws-sdk/client-secrets-manager";
import { type Environment, managedRules, tokenVariable } from "../../ecr/environment";
import { pullerPolicies, registryPolicy, repositoryPolicy } from "../../ecr/policies";
import { registryHost } from "../../ecr/region";
import { environments } from "../../environments/index";
import { seedAccount } from "../../sandbox/seed-account";
import { findMoto } from "../../sandbox/moto";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { findTerraform } from "../../host/terraform";
import { requireOrSkip } from "../support/require-or-skip";
import {
  ecrOf,
  iamOf,
  managedPolicy,
  repositoriesIn,
  rulesIn,
  secretsOf,
  templatesIn,
} from "../support/clients";
import { Deployment } from "../support/deployment";
import { TIMEOUT } from "../support/sandboxed";

/* The environments of the project, from nothing to deployed and down again, by the cdktf command line as users run it. */

const TOKEN = "dckr_pat_c2hpcHBlZA";

const terraform = findTerraform();

/** What the sandbox holds of one region's cache, in the words of the environment. */
async function held(sandbox: Sandbox, region: string) {
  const [rules, templates] = await Promise.all([
    rulesIn(sandbox, region),
    templatesIn(sandbox, region),
  ]);
  return {
    rules: rules.map((rule) => ({
      prefix: rule.ecrRepositoryPrefix,
      upstreamUrl: rule.upstreamRegistryUrl,
      secret: /secret:(.*)-\w{6}$/.exec(rule.credentialArn ?? "")?.[1],
    })),
    templates: templates.map((template) => ({
      prefix: template.prefix,
      appliedFor: template.appliedFor,
      mutability: template.imageTagMutability,
      lifecyclePolicy: JSON.parse(template.lifecyclePolicy ?? "null") as unknown,
      repositoryPolicy: JSON.parse(template.repositoryPolicy ?? "null") as unknown,
      tags: Object.fromEntries(
        (template.resourceTags ?? []).map(({ Key = "", Value = "" }) => [Key, Value] as const),
      ),
    })),
  };
}

/** What the environment says that it should hold. */
function wanted(environment: Environment, region: string): Awaited<ReturnType<typeof held>> {
  const policy = repositoryPolicy(environment, region);
  return {
    rules: environment.rules.map(({ prefix, upstreamUrl, credential }) => ({
      prefix,
      upstreamUrl,
      secret: credential?.secretName,
    })),
    templates: environment.rules.map(({ prefix, lifecyclePolicy }) => ({
      prefix,
      appliedFor: ["PULL_THROUGH_CACHE"],
      mutability: "MUTABLE",
      lifecyclePolicy,
      repositoryPolicy: policy ?? null,
      tags: environment.tags,
    })),
  };
}

const byPrefix = <Item extends { readonly prefix?: string }>(items: readonly Item[]) =>
  [...items].sort((a, b) => ((a.prefix ?? "") < (b.prefix ?? "") ? -1 : 1));

requireOrSkip(terraform.ok ? findMoto() : terraform, "cdktf deploy", () => {
  jest.setTimeout(TIMEOUT);

  test.each(environments)("deploys and destroys $name", async (environment) => {
    const { name, account, regions, access } = environment;
    const secrets = managedRules(environment);
    const sandbox = await startSandbox({ account });
    const deployment = new Deployment(sandbox, { withOwn: true });
    try {
      await seedAccount(sandbox, [environment]);
      const env = {
        ECR_CACHE_STATE_DIRECTORY: deployment.directory,
        ...Object.fromEntries(
          secrets.map(({ prefix }) => [`TF_VAR_${tokenVariable(prefix)}`, TOKEN]),
        ),
      };
      const cdktf = async (...args: string[]) => {
        const { code, stdout, stderr } = await deployment.cdktf(args, env);
        const output = `${stdout}${stderr}`;
        expect({ args, code, output: code === 0 ? "" : output }).toEqual({
          args,
          code: 0,
          output: "",
        });
        expect(output).not.toContain(TOKEN);
        return output;
      };

      if (secrets.length > 0) await cdktf("deploy", `${name}-credentials`, "--auto-approve");
      await cdktf("deploy", name, "--auto-approve");
      expect(await deployment.isUpToDate(name, env)).toBe(true);

      for (const region of regions) {
        const found = await held(sandbox, region);
        const should = wanted(environment, region);
        expect(byPrefix(found.rules)).toEqual(byPrefix(should.rules));
        expect(byPrefix(found.templates)).toEqual(byPrefix(should.templates));
        for (const { credential } of secrets) {
          const { SecretString } = await secretsOf(sandbox, region).send(
            new GetSecretValueCommand({ SecretId: credential.secretName }),
          );
          expect(JSON.parse(SecretString ?? "")).toEqual({
            username: credential.username,
            accessToken: TOKEN,
          });
        }
        const policy = registryPolicy(environment, region);
        if (policy) {
          const { policyText } = await ecrOf(sandbox, region).send(
            new GetRegistryPolicyCommand({}),
          );
          expect(JSON.parse(policyText ?? "")).toEqual(policy);
        }
      }

      const iam = iamOf(sandbox);
      for (const RoleName of access.roles) {
        const { AttachedPolicies = [] } = await iam.send(
          new ListAttachedRolePoliciesCommand({ RoleName }),
        );
        const documents = await Promise.all(
          AttachedPolicies.map(({ PolicyArn }) => managedPolicy(sandbox, PolicyArn ?? "")),
        );
        expect(documents).toEqual(pullerPolicies(environment));
      }

      const outputs = JSON.parse(
        await deployment.terraform(name, ["output", "-json"], env),
      ) as Record<string, { value: unknown }>;
      expect(outputs.registry_urls?.value).toEqual(
        Object.fromEntries(regions.map((region) => [region, registryHost(account, region)])),
      );

      await cdktf("destroy", name, "--auto-approve");
      if (secrets.length > 0) await cdktf("destroy", `${name}-credentials`, "--auto-approve");
      for (const region of regions) {
        expect(await held(sandbox, region)).toEqual({ rules: [], templates: [] });
        expect(await repositoriesIn(sandbox, region)).toEqual([]);
        const { SecretList } = await secretsOf(sandbox, region).send(new ListSecretsCommand({}));
        expect(SecretList).toEqual([]);
      }
      const { Policies } = await iam.send(new ListPoliciesCommand({ Scope: "Local" }));
      expect(Policies).toEqual([]);
    } finally {
      deployment.remove();
      await sandbox.stop();
    }
  });
});
