import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import type { EnvironmentInput } from "../../ecr/environment";
import { secretsOf } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const TOKEN = "dckr_pat_Zm9yLW5vLWV5ZXM";
const NEW_TOKEN = "dckr_pat_bmV3LWFuZC1zZWNyZXQ";

const environment = (version: number): EnvironmentInput => ({
  name: "secretive",
  account: "151515151515",
  regions: ["us-east-1", "eu-west-1"],
  rules: [{ upstream: "docker-hub", credential: { username: "acme-bot", version } }],
});

const STACK = "secretive-credentials";
const given = (token: string) => ({ TF_VAR_docker_hub_access_token: token });

describeDeployments("an upstream token", "151515151515", (shared) => {
  const valueIn = async (region: string) => {
    const { SecretString } = await secretsOf(shared.sandbox, region).send(
      new GetSecretValueCommand({ SecretId: "ecr-pullthroughcache/docker-hub" }),
    );
    return JSON.parse(SecretString ?? "null") as unknown;
  };

  test("reaches the secrets, and no file or output on the way", async () => {
    const { deployment } = shared;
    deployment.synthesize(environment(1));
    await deployment.init(STACK);
    const said: string[] = [];
    // A log that is kept, below the levels at which the provider writes out what it sends to AWS; and a plan.
    const env = { ...given(TOKEN), TF_LOG_PATH: "terraform.log", TF_LOG: "INFO" };
    for (const args of [
      ["plan", "-out=saved.tfplan", "-no-color"],
      ["show", "-json", "saved.tfplan"],
      ["apply", "-no-color", "saved.tfplan"],
      ["show", "-json"],
    ]) {
      const { stdout, stderr, code } = await deployment.tryTerraform(STACK, args, env);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
      said.push(stdout, stderr);
    }
    for (const region of ["us-east-1", "eu-west-1"]) {
      expect(await valueIn(region)).toEqual({ username: "acme-bot", accessToken: TOKEN });
    }

    const files = {
      ...deployment.files("cdktf.out"),
      state: deployment.read(`terraform.${STACK}.tfstate`),
    };
    expect(Object.keys(files).join(" ")).toMatch(/cdk\.tf\.json .*saved\.tfplan.* state/);
    const found = Object.entries({ ...files, said: said.join("\n") })
      .filter(
        ([, text]) => text.includes(TOKEN) || text.includes(Buffer.from(TOKEN).toString("base64")),
      )
      .map(([name]) => name);
    expect(found).toEqual([]);
  });

  test("is required, and is never asked for by the cache stack", async () => {
    const { deployment } = shared;
    deployment.synthesize(environment(1));
    await deployment.init(STACK);
    const without = await deployment.tryTerraform(STACK, ["plan", "-no-color"]);
    const empty = await deployment.tryTerraform(STACK, ["plan", "-no-color"], given(""));
    for (const { code, stderr } of [without, empty]) {
      expect(code).toBe(1);
      expect(stderr.replaceAll(/[│╷╵\s]+/g, " ")).toContain(
        "The token for Docker Hub is not set. Set TF_VAR_docker_hub_access_token;",
      );
    }

    await deployment.apply(STACK, given(TOKEN));
    await deployment.init("secretive");
    await deployment.apply("secretive");
    expect(await deployment.isUpToDate("secretive")).toBe(true);
  });

  test("can be given to a secret that was destroyed, at once, with a recovery window of 0 days", async () => {
    const { deployment } = shared;
    const credential = { username: "acme-bot", recoveryWindowInDays: 0 };
    deployment.synthesize({
      ...environment(1),
      regions: ["us-east-1"],
      rules: [{ upstream: "docker-hub", credential }],
    });
    await deployment.init(STACK);
    await deployment.apply(STACK, given(TOKEN));
    await deployment.destroy(STACK, given(TOKEN));
    await deployment.apply(STACK, given(NEW_TOKEN));
    expect(await valueIn("us-east-1")).toEqual({ username: "acme-bot", accessToken: NEW_TOKEN });
  });

  test("is rotated by a raised version, which touches nothing but the secrets' values", async () => {
    const { deployment } = shared;
    deployment.synthesize(environment(1));
    await deployment.init(STACK);
    await deployment.apply(STACK, given(TOKEN));
    expect(await deployment.plan(STACK, given(NEW_TOKEN))).toEqual([]);

    deployment.synthesize(environment(2));
    const rotation = await deployment.plan(STACK, given(NEW_TOKEN));
    expect(rotation.map(({ address }) => address)).toEqual([
      "aws_secretsmanager_secret_version.eu-west-1_docker-hub",
      "aws_secretsmanager_secret_version.us-east-1_docker-hub",
    ]);
    await deployment.apply(STACK, given(NEW_TOKEN));
    expect(await valueIn("us-east-1")).toEqual({ username: "acme-bot", accessToken: NEW_TOKEN });
    expect(await deployment.isUpToDate(STACK, given(NEW_TOKEN))).toBe(true);
  });
});
