import { PutRegistryPolicyCommand } from "@aws-sdk/client-ecr";
import { reviewJson } from "../../cli/review/json";
import { parseJson } from "../support/contracts";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { ecrOf } from "../support/clients";
import { describeDeployments, TIMEOUT } from "../support/sandboxed";

const TOKEN = "dckr_pat_never-to-be-seen";

const dockerHub = (version: number): RuleInput => ({
  upstream: "docker-hub",
  credential: { username: "acme-bot", version },
});

const shop = (change: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  name: "shop",
  account: "141414141414",
  regions: ["us-east-1", "eu-west-1"],
  rules: [{ upstream: "quay" }, { upstream: "ecr-public" }],
  access: { accounts: ["151515151515"], registryStatements: [] },
  ...change,
});

describeDeployments(
  "ecr-cache review of real plans",
  "141414141414",
  (shared) => {
    const review = (
      args: readonly string[],
      env?: Readonly<Record<string, string>>,
    ): Promise<{ code: number | null; stdout: string; stderr: string }> =>
      shared.deployment.start("node", ["cli/ecr-cache.mjs", "review", ...args], { env }).outcome;

    test("`review` of a cache that is not deployed has one risk: a registry policy may exist", async () => {
      shared.deployment.setEnvironments(shop());
      const { code, stdout, stderr } = await review(["shop", "--fail-on-risk"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
      expect(stdout).toBe(`## Plan: \`shop\`

**1 risk.** 11 created; 0 unchanged.

### Risks

- **Registry policy overwritten**: the registry policy in eu-west-1, us-east-1 is **created**. A registry has one policy, and this one replaces any policy that exists: look first (\`aws ecr get-registry-policy\`), or adopt it (\`adopt: ["registry-policy"]\`)

### eu-west-1, us-east-1

- \`ecr-public\`
  - rule is **created**: \`ecr-public/*\` is pulled from \`public.ecr.aws\`
  - template is **created**; it keeps the last 10 images
  - template allows \`ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 151515151515\`
- \`quay\`
  - rule is **created**: \`quay/*\` is pulled from \`quay.io\`
  - template is **created**; it keeps the last 10 images
  - template allows \`ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 151515151515\`
- the registry policy is **created** ⚠️
- the registry policy allows \`ecr:BatchImportUpstreamImage, ecr:CreateRepository on quay/*, ecr-public/* for 151515151515\`

### Account

- IAM policy \`ecr-cache-shop-pull\` is **created**
`);
    });

    test("`review` of a deployed cache finds no changes", async () => {
      await shared.deployment.apply("shop");
      const { code, stdout } = await review(["--env", "shop", "--fail-on-risk"]);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: "## Plan: `shop`\n\nNothing changes; 11 unchanged.\n",
      });
    });

    test("`review` reports statements of others that the registry policy would lose", async () => {
      const ours = {
        Sid: "FillPullThroughCache",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::151515151515:root"] },
        Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        Resource: ["quay", "ecr-public"].map(
          (prefix) => `arn:aws:ecr:us-east-1:141414141414:repository/${prefix}/*`,
        ),
      };
      const theirs = {
        ...ours,
        Sid: "Replication",
        Action: ["ecr:ReplicateImage"],
        Resource: ["arn:aws:ecr:us-east-1:141414141414:repository/*"],
      };
      await ecrOf(shared.sandbox, "us-east-1").send(
        new PutRegistryPolicyCommand({
          policyText: JSON.stringify({ Version: "2012-10-17", Statement: [ours, theirs] }),
        }),
      );
      const { code, stdout } = await review(["shop", "--fail-on-risk", "--region", "us-east-1"]);
      expect(code).toBe(1);
      expect(stdout).toContain("## Plan: `shop`, us-east-1 only");
      expect(stdout).toContain(
        "- **Registry policy overwritten**: the registry policy in us-east-1 loses statements that are not this project's: `Replication`. Whoever relies on them loses that access\n",
      );
      expect(stdout).toContain(
        "### Drift\n\n- us-east-1: the registry policy has another policy: ",
      );
    });

    test("`review` finds every risk, in JSON and from a saved plan", async () => {
      shared.deployment.setEnvironments(
        shop({
          rules: [
            { upstream: "quay", upstreamPrefix: "acme" },
            { upstream: "k8s", retention: { keepImages: 3 } },
          ],
          retention: { keepImages: 5 },
          access: {
            accounts: ["151515151515", "161616161616"],
            roles: ["ci"],
            registryStatements: [],
          },
        }),
      );
      const { code, stdout } = await review(["shop", "--json"]);
      const json = parseJson(reviewJson, stdout);
      expect(code).toBe(0);
      expect(
        json.risks
          .filter(({ region }) => region !== "eu-west-1")
          .map(({ kind, prefix, subject: { name } }) => [kind, prefix ?? name]),
      ).toEqual([
        ["rule-destroyed", "ecr-public"],
        ["rule-replaced", "quay"],
        ["registry-policy-overwritten", ""],
        ["wider-access", ""],
        ["wider-access", "quay"],
        ["wider-access", "ci"],
        ["access-lost", ""],
        ["retention-tightened", "quay"],
      ]);
      expect(json).toMatchObject({
        plan: "shop",
        region: null,
        counts: { create: 5, update: 5, replace: 2, destroy: 4, import: 0, forget: 0, none: 0 },
      });

      const saved = await shared.deployment.plan("shop");
      expect(saved).not.toEqual([]);
      const shown = await shared.deployment.terraform("shop", ["show", "-json", "plan.tfplan"]);
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`${shared.deployment.directory}/plan.json`, shown);
      const fromFile = await review(["plan.json", "--env", "shop", "--json"]);
      expect(parseJson(reviewJson, fromFile.stdout)).toEqual(json);
      expect((await review(["cdktf.out/stacks/shop/plan.tfplan"])).stderr).toBe(
        "ecr-cache: cdktf.out/stacks/shop/plan.tfplan: found a saved plan; allowed: the output of terraform show -json PLAN\n",
      );
    });

    test(
      "`review` of a token's rotation needs no token, and has no risk",
      async () => {
        const token = { TF_VAR_docker_hub_access_token: TOKEN };
        shared.deployment.setEnvironments(shop({ rules: [dockerHub(1)] }));
        const first = await review(["shop-credentials"]);
        expect(first.stdout).toContain(
          "- `docker-hub`\n  - secret `ecr-pullthroughcache/docker-hub` is **created**\n  - secret `ecr-pullthroughcache/docker-hub` gets its **token** (version `1`)\n",
        );
        await shared.deployment.apply("shop-credentials", token);
        shared.deployment.setEnvironments(shop({ rules: [dockerHub(2)] }));
        const { code, stdout, stderr } = await review(["shop-credentials", "--fail-on-risk"]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(stdout).toBe(`## Plan: \`shop-credentials\`

No risk found. 2 replaced; 2 unchanged.

### eu-west-1, us-east-1

- \`docker-hub\`
  - secret \`ecr-pullthroughcache/docker-hub\` **rotates its token** (version \`1\` to \`2\`)
`);
      },
      TIMEOUT,
    );

    describe("`review` reports what prevents a plan, with exit code 2", () => {
      test("`review` reports an invalid environment in one line", async () => {
        shared.deployment.setEnvironments(shop({ account: "1" }));
        const { code, stdout, stderr } = await review(["shop"]);
        expect(stderr).toBe(
          'ecr-cache: environment shop: account: found "1"; allowed: 12 digits, as text\n',
        );
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        shared.deployment.setEnvironments(shop());
      });

      test("`review` reports a missing Terraform in one line", async () => {
        const { code, stdout, stderr } = await review(["shop"], {
          TERRAFORM_BINARY_NAME: "no-such-terraform",
        });
        expect({ code, stdout, stderr }).toEqual({
          code: 2,
          stdout: "",
          stderr:
            "ecr-cache: no-such-terraform: there is no such program. Install Terraform, or set TERRAFORM_BINARY_NAME\n",
        });
      });
    });
  },
  { once: true },
);
