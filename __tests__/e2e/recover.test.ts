import { ListSecretsCommand } from "@aws-sdk/client-secrets-manager";
import type { EnvironmentInput } from "../../ecr/environment";
import { rulesIn, secretsOf } from "../support/clients";
import type { Outcome } from "../support/deployment";
import { describeDeployments } from "../support/sandboxed";

/* Deployments that were killed or refused, and the one command that leads out. */

const ACCOUNT = "232323232323";
const REGION = "us-east-1";
const GIVEN = { TF_VAR_docker_hub_access_token: "dckr_pat_cmVjb3Zlcg" };

const shop: EnvironmentInput = {
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" } },
    { upstream: "quay" },
    { upstream: "k8s" },
  ],
  maintenance: { notifications: { emails: ["platform@acme.example"] } },
};

describeDeployments(
  "ecr-cache recover",
  ACCOUNT,
  (shared) => {
    const run = (...args: readonly string[]): Promise<Outcome> =>
      shared.deployment.start("node", ["cli/ecr-cache.mjs", ...args], { env: GIVEN }).outcome;

    const succeed = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await run(...args);
      expect({ args, code, stderr: code === 0 ? "" : stdout + stderr }).toEqual({
        args,
        code: 0,
        stderr: "",
      });
      return stdout;
    };

    test("`recover` keeps a secret that Terraform takes for damaged, and the next deployment is whole", async () => {
      const { deployment, sandbox } = shared;
      deployment.synthesize(shop);
      await deployment.init("shop-credentials");
      // Terraform alone, without the preflight of `deploy`.
      const apply = () =>
        deployment.tryTerraform("shop-credentials", ["apply", "-auto-approve", "-no-color"], GIVEN);
      sandbox.faults.add({ kind: "deny", service: "secretsmanager", action: "GetResourcePolicy" });
      expect((await apply()).code).toBe(1);
      // The tainted secret would be replaced. It is not deleted, so its name is not blocked for 30 days.
      expect((await apply()).code).toBe(1);
      const { SecretList = [] } = await secretsOf(sandbox, REGION).send(
        new ListSecretsCommand({ IncludePlannedDeletion: true }),
      );
      expect(SecretList.map(({ Name, DeletedDate }) => [Name, DeletedDate])).toEqual([
        ["ecr-pullthroughcache/docker-hub", undefined],
      ]);

      expect(await succeed("recover", "--env", "shop", "--write").catch(String)).toContain(
        "untaint",
      );
      await succeed("deploy", "shop-credentials", "--auto-approve");
      expect(await deployment.isUpToDate("shop-credentials", GIVEN)).toBe(true);
    });

    test("`recover` imports whatever AWS had created when its answer was lost, and the next deployment is whole", async () => {
      const { deployment, sandbox } = shared;
      const lost = [
        ["ecr", "CreatePullThroughCacheRule"],
        ["ecr", "CreateRepositoryCreationTemplate"],
        ["iam", "CreatePolicy"],
        ["iam", "CreateRole"],
        ["logs", "CreateLogGroup"],
      ] as const;
      for (const [service, action] of lost) {
        sandbox.faults.add({ kind: "cut-answer", service, action });
      }
      expect((await run("deploy", "shop", "--auto-approve")).code).toBe(2);
      sandbox.faults.clear();
      const recovered = await succeed("recover", "--env", "shop", "--write");
      expect(recovered).toMatch(/import .*done/);
      // What was never reached before may be lost now: functions, and what calls them.
      sandbox.faults.add({ kind: "cut-answer", service: "lambda", action: "POST" });
      await run("deploy", "shop", "--auto-approve");
      sandbox.faults.clear();
      await succeed("recover", "--env", "shop", "--write");
      await succeed("deploy", "shop", "--auto-approve");
      expect(await deployment.isUpToDate("shop")).toBe(true);
      const rules = await rulesIn(sandbox, REGION);
      expect(rules.map(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix).sort()).toEqual([
        "docker-hub",
        "kubernetes",
        "quay",
      ]);
      expect((await run("recover", "--env", "shop")).stderr).toBe(
        "Nothing to recover in environment shop.\n",
      );
    });
  },
  { once: true },
);
