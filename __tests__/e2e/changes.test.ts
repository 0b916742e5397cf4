import {
  BatchGetImageCommand,
  type ECRClient,
  GetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { verifyJson } from "../../cli/verify/json";
import { applyJson } from "../../cli/lifecycle/json";
import type { JsonContract, JsonOf } from "../../cli/shell/json-contract";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { ecrOf } from "../support/clients";
import { parseJson } from "../support/contracts";
import { describeDeployments, TIMEOUT } from "../support/sandboxed";

const quay: RuleInput = { upstream: "quay" };
const kubernetes: RuleInput = { upstream: "k8s" };
const ecrPublic: RuleInput = { upstream: "ecr-public" };

const environment = (change: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  name: "changing",
  account: "131313131313",
  regions: ["us-east-1", "eu-west-1"],
  tags: { team: "platform" },
  rules: [quay, kubernetes],
  ...change,
});

const addresses = (region: string, prefix: string) => [
  `aws_ecr_pull_through_cache_rule.${region}_${prefix}`,
  `aws_ecr_repository_creation_template.${region}_${prefix}`,
];

/** Rules and templates of prefixes in regions, each with one action. */
const everywhere = (actions: string, regions: readonly string[], prefixes: readonly string[]) =>
  regions
    .flatMap((region) => prefixes.flatMap((prefix) => addresses(region, prefix)))
    .sort()
    .map((address) => ({ address, actions }));

/** The policies that name every prefix and region. */
const policies = [
  { address: "aws_iam_policy.pull", actions: "update" },
  { address: "aws_iam_role_policy.template", actions: "update" },
];

describeDeployments(
  "a change of a deployed environment",
  "131313131313",
  (shared) => {
    const planOf = (change: Partial<EnvironmentInput>) => {
      shared.deployment.synthesize(environment(change));
      return shared.deployment.plan("changing");
    };

    beforeAll(async () => {
      shared.deployment.synthesize(environment());
      await shared.deployment.init("changing");
      await shared.deployment.apply("changing");
    }, TIMEOUT);

    describe("that takes an account back", () => {
      const ACCOUNT = "444444444444";
      const STAYS = "333333333333";
      const REPOSITORY = "quay/prometheus/prometheus";
      const REGION = ["--region", "us-east-1"];

      const deploy = async (...accounts: readonly string[]) => {
        shared.deployment.synthesize(environment({ access: { accounts, registryStatements: [] } }));
        await shared.deployment.apply("changing");
      };

      /** Runs `ecr-cache` in the project; its exit code is the one that is expected. */
      async function command<Contract extends JsonContract>(
        contract: Contract,
        expected: number,
        ...argv: readonly string[]
      ): Promise<JsonOf<Contract>> {
        const { code, stdout, stderr } = await shared.deployment.start("node", [
          "cli/ecr-cache.mjs",
          ...argv,
          "--env",
          "changing",
          ...REGION,
          "--json",
        ]).outcome;
        expect({ code, stderr }).toEqual({ code: expected, stderr: expect.any(String) as string });
        return parseJson(contract, stdout);
      }

      const policiesCheck = async (expected: number) =>
        (await command(verifyJson, expected, "verify")).find(
          ({ check }) => check === "repository-policies",
        );

      const policyOf = (ecr: ECRClient) =>
        ecr.send(new GetRepositoryPolicyCommand({ repositoryName: REPOSITORY })).then(
          ({ policyText = "" }) => policyText,
          ({ name }: Error) => name,
        );

      const change = { aspect: "repository policy", reason: expect.any(String) as string };
      const granted = (account: string) =>
        `the environment does not grant ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for ${account}; 1 repository does: ${REPOSITORY}`;

      test("leaves its grant on repositories that exist, which `verify` reports and `lifecycle --apply` removes", async () => {
        const ecr = ecrOf(shared.sandbox, "us-east-1");
        await deploy(STAYS, ACCOUNT);
        await ecr.send(
          new BatchGetImageCommand({ repositoryName: REPOSITORY, imageIds: [{ imageTag: "v3" }] }),
        );
        expect(await policyOf(ecr)).toContain(ACCOUNT);
        expect(await policiesCheck(0)).toMatchObject({ state: "ok", detail: "1 repository" });

        // One of two accounts.
        await deploy(STAYS);
        expect(await policyOf(ecr)).toContain(ACCOUNT);
        expect(await policiesCheck(1)).toMatchObject({ state: "failed", detail: granted(ACCOUNT) });
        const [replaced] = await command(applyJson, 0, "lifecycle", "--apply");
        expect(replaced?.changes).toContainEqual(change);
        expect(await policyOf(ecr)).toContain(STAYS);
        expect(await policyOf(ecr)).not.toContain(ACCOUNT);
        expect(await policiesCheck(0)).toMatchObject({ state: "ok" });

        // The last one.
        await deploy();
        expect(await policyOf(ecr)).toContain(STAYS);
        expect(await policiesCheck(1)).toMatchObject({ state: "failed", detail: granted(STAYS) });
        const [removed] = await command(applyJson, 0, "lifecycle", "--apply");
        expect(removed?.changes).toContainEqual(change);
        expect(await policyOf(ecr)).toBe("RepositoryPolicyNotFoundException");
        expect(await policiesCheck(0)).toMatchObject({ state: "ok" });
      });
    });

    test("plans nothing where nothing has changed", async () => {
      expect(await planOf({})).toEqual([]);
    });

    test("plans nothing for rules in another order", async () => {
      expect(await planOf({ rules: [kubernetes, quay] })).toEqual([]);
    });

    test("plans nothing for regions in another order", async () => {
      expect(await planOf({ regions: ["eu-west-1", "us-east-1"] })).toEqual([]);
    });

    test("plans a new rule and its template, and names it in the policies", async () => {
      expect(await planOf({ rules: [ecrPublic, quay, kubernetes] })).toEqual([
        ...everywhere("create", ["eu-west-1", "us-east-1"], ["ecr-public"]),
        ...policies,
      ]);
    });

    test("takes away a removed rule and its template only", async () => {
      expect(await planOf({ rules: [kubernetes] })).toEqual([
        ...everywhere("delete", ["eu-west-1", "us-east-1"], ["quay"]),
        ...policies,
      ]);
    });

    test("updates the templates of a rule with another retention", async () => {
      expect(
        await planOf({ rules: [{ ...quay, retention: { keepImages: 3 } }, kubernetes] }),
      ).toEqual([
        {
          address: "aws_ecr_repository_creation_template.eu-west-1_quay",
          actions: "update",
        },
        {
          address: "aws_ecr_repository_creation_template.us-east-1_quay",
          actions: "update",
        },
      ]);
    });

    test("plans the rules of a new region, and names it in the policies", async () => {
      expect(await planOf({ regions: ["us-east-1", "eu-west-1", "ap-south-1"] })).toEqual([
        ...everywhere("create", ["ap-south-1"], ["kubernetes", "quay"]),
        ...policies,
      ]);
    });

    test("takes down a former region", async () => {
      expect(await planOf({ regions: ["us-east-1"], formerRegions: ["eu-west-1"] })).toEqual([
        ...everywhere("delete", ["eu-west-1"], ["kubernetes", "quay"]),
        ...policies,
      ]);
    });

    test("can't take down a region whose provider is gone", async () => {
      await expect(planOf({ regions: ["us-east-1"] })).rejects.toThrow(
        "Provider configuration not present",
      );
    });
  },
  { once: true },
);
