import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { EnvironmentInput } from "../../ecr/environment";
import { rulesIn, secretsOf, templatesIn } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const environment = (change: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  name: "failing",
  account: "161616161616",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }, { upstream: "k8s" }, { upstream: "ecr-public" }],
  ...change,
});

const withDockerHub = (secretName?: string) =>
  environment({
    rules: [{ upstream: "docker-hub", credential: { username: "acme-bot", secretName } }],
  } as Partial<EnvironmentInput>);

const PREFIXES = ["ecr-public", "kubernetes", "quay"];

describeDeployments("a deployment that can't go on", "161616161616", (shared) => {
  const planError = async (input: EnvironmentInput) => {
    shared.deployment.synthesize(input);
    await shared.deployment.init("failing");
    const { code, stderr } = await shared.deployment.tryTerraform("failing", ["plan", "-no-color"]);
    expect(code).toBe(1);
    // Terraform draws a frame and breaks lines.
    return stderr.replaceAll(/[│╷╵\s]+/g, " ");
  };

  test("stops at another account's credentials", async () => {
    expect(await planError(environment({ account: "999999999999" }))).toContain(
      "AWS account ID not allowed: 161616161616",
    );
  });

  test("stops without the secret, and says to deploy the credentials first", async () => {
    expect(await planError(withDockerHub())).toContain(
      "There is no secret ecr-pullthroughcache/docker-hub in us-east-1. Deploy failing-credentials first.",
    );
  });

  test("stops without a secret that should exist already, and says so", async () => {
    await secretsOf(shared.sandbox, "us-east-1").send(
      new CreateSecretCommand({ Name: "ecr-pullthroughcache/hub-2", SecretString: "{}" }),
    );
    expect(await planError(withDockerHub("ecr-pullthroughcache/hub"))).toContain(
      "There is no secret ecr-pullthroughcache/hub in us-east-1. Create it, or correct credential.secretName.",
    );
  });

  test("stops before Terraform at a secret that ECR may not read", () => {
    expect(() => shared.deployment.synthesize(withDockerHub("docker-hub"))).toThrow(
      /^environment failing: rules\[0\]\.credential\.secretName: found "docker-hub"; allowed: a name that begins with ecr-pullthroughcache\//,
    );
  });

  test("stops at a secret without the keys that ECR reads", async () => {
    await secretsOf(shared.sandbox, "us-east-1").send(
      new CreateSecretCommand({ Name: "ecr-pullthroughcache/hub", SecretString: '{"user":"x"}' }),
    );
    shared.deployment.synthesize(withDockerHub("ecr-pullthroughcache/hub"));
    await shared.deployment.init("failing");
    const args = ["apply", "-auto-approve", "-no-color"];
    const { code, stderr } = await shared.deployment.tryTerraform("failing", args);
    expect(code).toBe(1);
    expect(stderr).toContain("UnableToAccessSecretException");
  });
});

describeDeployments("an apply in bad weather", "161616161616", (shared) => {
  const prepare = async () => {
    shared.deployment.synthesize(environment());
    await shared.deployment.init("failing");
  };

  const expectWhole = async () => {
    const [rules, templates] = await Promise.all([
      rulesIn(shared.sandbox, "us-east-1"),
      templatesIn(shared.sandbox, "us-east-1"),
    ]);
    expect(rules.map(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix).sort()).toEqual(PREFIXES);
    expect(templates.map(({ prefix }) => prefix).sort()).toEqual(PREFIXES);
    expect(await shared.deployment.isUpToDate("failing")).toBe(true);
  };

  test("rides out throttling and dropped connections", async () => {
    await prepare();
    const { faults } = shared.sandbox;
    faults.add({
      kind: "throttle",
      service: "ecr",
      action: "CreatePullThroughCacheRule",
      times: 2,
    });
    faults.add({
      kind: "cut",
      service: "ecr",
      action: "CreateRepositoryCreationTemplate",
      times: 2,
    });
    faults.add({ kind: "cut", service: "iam", action: "CreatePolicy" });
    await shared.deployment.apply("failing");
    expect(faults.list()).toEqual([]);
    await expectWhole();
  });

  test("is completed by the next one where a permission was missing", async () => {
    await prepare();
    shared.sandbox.faults.add({
      kind: "deny",
      service: "ecr",
      action: "CreatePullThroughCacheRule",
      times: 2,
    });
    const args = ["apply", "-auto-approve", "-no-color"];
    const { code, stderr } = await shared.deployment.tryTerraform("failing", args);
    expect(code).toBe(1);
    expect(stderr).toContain("AccessDeniedException");
    await shared.deployment.apply("failing");
    await expectWhole();
  });

  test("is completed by the next one where it was told to stop", async () => {
    await prepare();
    shared.sandbox.faults.setLatency(300);
    const { process, outcome } = shared.deployment.startTerraform("failing", [
      "apply",
      "-auto-approve",
      "-no-color",
    ]);
    await new Promise<void>((resolve) => {
      process.stdout?.on("data", (text: Buffer) => {
        if (String(text).includes("Creating...")) resolve();
      });
    });
    process.kill("SIGTERM");
    expect((await outcome).code).not.toBe(0);
    shared.sandbox.faults.setLatency(0);

    await shared.deployment.apply("failing");
    await expectWhole();
  });

  test("is mended by adopt where AWS had acted and the answer was lost", async () => {
    await prepare();
    shared.sandbox.faults.add({
      kind: "cut-answer",
      service: "ecr",
      action: "CreatePullThroughCacheRule",
    });
    const args = ["apply", "-auto-approve", "-no-color", "-parallelism=1"];
    const { code, stderr } = await shared.deployment.tryTerraform("failing", args);
    expect(code).toBe(1);
    const lost = /with aws_ecr_pull_through_cache_rule\.us-east-1_([a-z-]+)/.exec(stderr)?.[1];
    expect(stderr).toContain("PullThroughCacheRuleAlreadyExistsException");

    const rules = environment().rules.map((rule) => {
      const prefix = rule.upstream === "k8s" ? "kubernetes" : rule.upstream;
      return prefix === lost ? { ...rule, adopt: ["rule"] as const } : rule;
    });
    shared.deployment.synthesize(environment({ rules }));
    await shared.deployment.apply("failing");
    await expectWhole();
  });
});
