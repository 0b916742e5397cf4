import { GetSecretValueCommand, ListSecretsCommand } from "@aws-sdk/client-secrets-manager";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { rulesIn, secretsOf } from "../support/clients";
import type { Outcome, Running } from "../support/deployment";
import { describeDeployments } from "../support/sandboxed";

const ACCOUNT = "212121212121";
const REGION = "us-east-1";
const TOKEN = "dckr_pat_bmV2ZXItc2hvd24";
const GIVEN = { TF_VAR_docker_hub_access_token: TOKEN };
const NO_CHANGE = "Nothing changes; ";

const shop = (...rules: readonly RuleInput[]): EnvironmentInput => ({
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot", recoveryWindowInDays: 0 } },
    ...rules,
  ],
});

describeDeployments(
  "ecr-cache deploy, diff and destroy",
  ACCOUNT,
  (shared) => {
    const temporary = () => join(shared.deployment.directory, "tmp");
    const outputs: string[] = [];

    const start = (
      args: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ): Running => {
      mkdirSync(temporary(), { recursive: true });
      return shared.deployment.start("node", ["cli/ecr-cache.mjs", ...args], {
        env: { ...env, TMPDIR: temporary() },
      });
    };

    const run = async (
      args: readonly string[],
      env?: Readonly<Record<string, string>>,
    ): Promise<Outcome> => {
      const outcome = await start(args, env).outcome;
      outputs.push(outcome.stdout, outcome.stderr);
      return outcome;
    };

    const prefixes = async () => {
      const rules = await rulesIn(shared.sandbox, REGION);
      return rules.map(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix).sort();
    };

    const secrets = async () => {
      const { SecretList = [] } = await secretsOf(shared.sandbox, REGION).send(
        new ListSecretsCommand({}),
      );
      return SecretList.map(({ Name }) => Name);
    };

    afterEach(() => {
      // Whatever happened: no plan stays, and no token is anywhere.
      const left = existsSync(temporary())
        ? readdirSync(temporary()).filter((name) => name.startsWith("ecr-cache-plan-"))
        : [];
      expect(left).toEqual([]);
      expect(outputs.join("\n")).not.toContain(TOKEN);
    });

    test("`deploy` without a terminal says which token to set, and changes nothing", async () => {
      shared.deployment.setEnvironments(shop({ upstream: "quay" }));
      const { code, stdout, stderr } = await run(["deploy", "shop", "--auto-approve"]);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr:
          "ecr-cache: the plan writes tokens that are not set, and there is no terminal to type them at. Set TF_VAR_docker_hub_access_token\n",
      });
      expect(stdout).toContain("secret `ecr-pullthroughcache/docker-hub` is **created**");
      expect(await secrets()).toEqual([]);
    });

    test("`diff` before the first deployment shows the secrets, and says what follows", async () => {
      const { code, stdout, stderr } = await run(["diff", "shop", "--fail-on-change"]);
      expect(stdout).toMatch(/^## Plan: `shop-credentials`\n/);
      expect(stdout).not.toContain("`shop`");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: "shop reads these secrets: it can be planned once shop-credentials is deployed.\n",
      });
    });

    test("`deploy` shows the plan of each stack, and applies it", async () => {
      const { code, stdout, stderr } = await run(["deploy", "shop", "--auto-approve"], GIVEN);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect([...stdout.matchAll(/^## Plan: `(.*)`$/gm)].map(([, stack]) => stack)).toEqual([
        "shop-credentials",
        "shop",
      ]);
      expect(stderr.match(/^Apply complete!/gm)).toHaveLength(2);
      const { SecretString } = await secretsOf(shared.sandbox, REGION).send(
        new GetSecretValueCommand({ SecretId: "ecr-pullthroughcache/docker-hub" }),
      );
      expect(JSON.parse(SecretString ?? "")).toEqual({ username: "acme-bot", accessToken: TOKEN });
      expect(await prefixes()).toEqual(["docker-hub", "quay"]);
      expect(await shared.deployment.isUpToDate("shop")).toBe(true);
    });

    test("`deploy` of what is deployed needs no token and applies nothing", async () => {
      const { code, stdout, stderr } = await run(["deploy", "shop", "--auto-approve"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.split(NO_CHANGE)).toHaveLength(3);
    });

    test("`deploy --fail-on-risk` does not apply a plan with a risk", async () => {
      shared.deployment.setEnvironments(shop());
      const { code, stdout, stderr } = await run([
        "deploy",
        "shop",
        "--no-credentials",
        "--auto-approve",
        "--fail-on-risk",
      ]);
      expect(stdout).toContain("**Rule destroyed**: rule `quay`");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: "shop has risks, so nothing of it was applied (--fail-on-risk).\n",
      });
      expect(await prefixes()).toEqual(["docker-hub", "quay"]);
    });

    test("`deploy` lets Terraform end in order when it is told to stop, however often", async () => {
      shared.deployment.setEnvironments(
        shop({ upstream: "quay" }, { upstream: "k8s" }, { upstream: "ecr-public" }),
      );
      shared.sandbox.faults.setLatency(700);
      const { process, outcome } = start(["deploy", "shop", "--no-credentials", "--auto-approve"]);
      await new Promise<void>((resolve) => {
        process.stderr?.on("data", (text: Buffer) => {
          if (String(text).includes("Creating...")) resolve();
        });
      });
      process.kill("SIGTERM");
      process.kill("SIGINT");
      const { code, stderr } = await outcome;
      shared.sandbox.faults.setLatency(0);
      expect(stderr).toMatch(
        /^ecr-cache: shop: terraform apply was interrupted by SIG(TERM|INT)$/m,
      );
      expect(stderr).not.toContain("Two interrupts received");
      expect(code).toBe(2);

      // What was created is in the state: nothing collides.
      const next = await run(["deploy", "shop", "--no-credentials", "--auto-approve"]);
      expect({ code: next.code, stderr: next.code === 0 ? "" : next.stderr }).toEqual({
        code: 0,
        stderr: "",
      });
      expect(await prefixes()).toEqual(["docker-hub", "ecr-public", "kubernetes", "quay"]);
    });

    test("`deploy` shows what Terraform says of a failure", async () => {
      shared.deployment.setEnvironments(shop({ upstream: "quay" }));
      shared.sandbox.faults.add({
        kind: "deny",
        service: "ecr",
        action: "DeletePullThroughCacheRule",
        times: 2,
      });
      const { code, stderr } = await run(["deploy", "shop", "--no-credentials", "--auto-approve"]);
      shared.sandbox.faults.clear();
      expect(stderr).toContain("AccessDeniedException");
      expect(stderr).toContain("ecr-cache: shop: terraform apply exited with code 1\n");
      expect(code).toBe(2);
    });

    test("`destroy` needs no token, and leaves nothing", async () => {
      const { code, stdout, stderr } = await run(["destroy", "shop", "--auto-approve"]);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect([...stdout.matchAll(/^## Plan: `(.*)`$/gm)].map(([, stack]) => stack)).toEqual([
        "shop",
        "shop-credentials",
      ]);
      expect(await prefixes()).toEqual([]);
      expect(await secrets()).toEqual([]);
    });

    test("`cdktf deploy` of the credentials stack stops at once where a token is missing, and says what to set", async () => {
      // As in a shell in which Terraform may ask.
      const { code, stdout, stderr } = await shared.deployment.cdktf(
        ["deploy", "shop-credentials", "--auto-approve"],
        { TF_INPUT: "1" },
      );
      expect(code).not.toBe(0);
      expect((stdout + stderr).replaceAll(/[│╷╵\s]+/g, " ")).toContain(
        "Set TF_VAR_docker_hub_access_token",
      );
    });
  },
  { once: true },
);
