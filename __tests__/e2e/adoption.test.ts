import {
  CreatePullThroughCacheRuleCommand,
  CreateRepositoryCreationTemplateCommand,
} from "@aws-sdk/client-ecr";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { EnvironmentInput } from "../../ecr/environment";
import { ecrOf, rulesIn, secretsOf, templatesIn } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const REGION = "us-east-1";

const environment = (adopt: boolean): EnvironmentInput => ({
  name: "adopting",
  account: "141414141414",
  regions: [REGION],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" }, adopt },
    { upstream: "quay", adopt: adopt ? ["rule"] : false },
  ],
});

const token = { TF_VAR_docker_hub_access_token: "dckr_pat_adopted" };

describeDeployments("what was made by hand", "141414141414", (shared) => {
  test("is taken over by adopt, and then is as if it had been made by Terraform", async () => {
    const { sandbox, deployment } = shared;
    const ecr = ecrOf(sandbox, REGION);
    const { ARN } = await secretsOf(sandbox, REGION).send(
      new CreateSecretCommand({
        Name: "ecr-pullthroughcache/docker-hub",
        SecretString: JSON.stringify({ username: "somebody", accessToken: "by-hand" }),
      }),
    );
    await ecr.send(
      new CreatePullThroughCacheRuleCommand({
        ecrRepositoryPrefix: "docker-hub",
        upstreamRegistryUrl: "registry-1.docker.io",
        credentialArn: ARN,
      }),
    );
    await ecr.send(
      new CreateRepositoryCreationTemplateCommand({
        prefix: "docker-hub",
        appliedFor: ["PULL_THROUGH_CACHE"],
      }),
    );
    await ecr.send(
      new CreatePullThroughCacheRuleCommand({
        ecrRepositoryPrefix: "quay",
        upstreamRegistryUrl: "quay.io",
      }),
    );

    deployment.synthesize(environment(true));
    await deployment.init("adopting-credentials");
    expect(await deployment.plan("adopting-credentials", token)).toEqual([
      { address: "aws_secretsmanager_secret.us-east-1_docker-hub", actions: "import,update" },
      { address: "aws_secretsmanager_secret_version.us-east-1_docker-hub", actions: "create" },
    ]);
    await deployment.apply("adopting-credentials", token);

    await deployment.init("adopting");
    expect(await deployment.plan("adopting")).toEqual([
      { address: "aws_ecr_pull_through_cache_rule.us-east-1_docker-hub", actions: "import" },
      { address: "aws_ecr_pull_through_cache_rule.us-east-1_quay", actions: "import" },
      {
        address: "aws_ecr_repository_creation_template.us-east-1_docker-hub",
        actions: "import,update",
      },
      { address: "aws_ecr_repository_creation_template.us-east-1_quay", actions: "create" },
      { address: "aws_iam_policy.pull", actions: "create" },
    ]);
    await deployment.apply("adopting");

    expect(await rulesIn(sandbox, REGION)).toHaveLength(2);
    const templates = await templatesIn(sandbox, REGION);
    expect(templates.map(({ prefix }) => prefix).sort()).toEqual(["docker-hub", "quay"]);
    for (const { lifecyclePolicy } of templates)
      expect(lifecyclePolicy).toContain("Keep the last 10 images");

    deployment.synthesize(environment(false));
    expect(await deployment.isUpToDate("adopting")).toBe(true);
    expect(await deployment.isUpToDate("adopting-credentials", token)).toBe(true);
  });
});
