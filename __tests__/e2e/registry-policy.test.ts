import {
  DeleteRegistryPolicyCommand,
  GetRegistryPolicyCommand,
  GetRegistryScanningConfigurationCommand,
  PutRegistryPolicyCommand,
  PutRegistryScanningConfigurationCommand,
  type RegistryScanningRule,
} from "@aws-sdk/client-ecr";
import type { EnvironmentInput } from "../../ecr/environment";
import type { RegistryStatement } from "../../ecr/policies";
import { ecrOf } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const ACCOUNT = "141414141414";
const REGION = "us-east-1";

const replication: RegistryStatement = {
  Sid: "Replication",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::161616161616:root" },
  Action: ["ecr:ReplicateImage", "ecr:CreateRepository"],
  Resource: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/*`,
  // A policy variable of IAM, which Terraform must not take for code of its own.
  Condition: { StringEquals: { "aws:PrincipalTag/team": "${aws:ResourceTag/team}" } },
};
const scan: RegistryStatement = {
  Effect: "Deny",
  Principal: "*",
  Action: "ecr:DeleteRepository",
  Resource: "*",
};

const shop = (change: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [{ upstream: "quay" }],
  access: { accounts: ["151515151515"] },
  ...change,
});

describeDeployments("the registry policy of a registry", ACCOUNT, (shared) => {
  const ecr = () => ecrOf(shared.sandbox, REGION);
  const put = (...Statement: RegistryStatement[]) =>
    ecr().send(
      new PutRegistryPolicyCommand({
        policyText: JSON.stringify({ Version: "2012-10-17", Statement }),
      }),
    );
  const statements = async () => {
    const { policyText = "" } = await ecr().send(new GetRegistryPolicyCommand());
    return (JSON.parse(policyText) as { Statement: RegistryStatement[] }).Statement;
  };
  /** A plan that fails: its messages, on one line. */
  const failedPlan = async (...args: string[]) => {
    const { code, stderr } = await shared.deployment.tryTerraform("shop", [
      "plan",
      "-no-color",
      ...args,
    ]);
    expect(code).toBe(1);
    return stderr.replace(/[│╷╵\s]+/g, " ");
  };

  test("keeps statements of others, which a plan names before it would remove them", async () => {
    const { deployment } = shared;
    await put(replication, scan);
    deployment.synthesize(shop());
    await deployment.init("shop");

    // Nobody said what the policy has.
    const refused = await failedPlan();
    expect(refused).toContain(
      `This deployment would remove statements from the registry policy of account ${ACCOUNT} in ${REGION}: `,
    );
    expect(refused).toContain('"Sid":"Replication"');
    expect(refused).toContain('"Effect":"Deny"');
    expect(refused).toContain("Add them to access.registryStatements of environment shop");
    expect(await statements()).toEqual([replication, scan]);

    // One is not enough.
    const told = (...registryStatements: RegistryStatement[]) =>
      shop({
        access: { accounts: ["151515151515"], registryStatements },
        adopt: ["registry-policy"],
      });
    deployment.synthesize(told(replication));
    const still = await failedPlan();
    expect(still).toContain('"Effect":"Deny"');
    expect(still).not.toContain('"Sid":"Replication"},');

    deployment.synthesize(told(replication, scan));
    await deployment.apply("shop");
    const [own, ...others] = await statements();
    expect(own?.Sid).toBe("FillPullThroughCache");
    expect(others).toEqual([replication, scan]);
    expect(await deployment.isUpToDate("shop")).toBe(true);

    // What somebody adds later stops a plan too.
    await put(own!, replication, scan, { ...scan, Sid: "Later" });
    expect(await failedPlan()).toContain('"Sid":"Later"');
    await put(own!, replication, scan);

    // Nobody destroys them by the way.
    expect(await failedPlan("-destroy")).toContain("Instance cannot be destroyed");
    deployment.synthesize(shop({ access: { registryStatements: [replication, scan] } }));
    await deployment.apply("shop");
    expect(await statements()).toEqual([replication, scan]);
    await deployment.terraform("shop", ["state", "rm", `aws_ecr_registry_policy.${REGION}`]);
    await deployment.destroy("shop");
    expect(await statements()).toEqual([replication, scan]);
  });

  test("is created where there is none, and guarded from the next deployment on", async () => {
    const { deployment } = shared;
    deployment.synthesize(shop());
    await deployment.init("shop");
    expect(await failedPlan()).toContain(
      `Cannot import non-existent remote object While attempting to import an existing object to "aws_ecr_registry_policy.${REGION}_existing"`,
    );

    deployment.synthesize(shop({ access: { accounts: ["151515151515"], registryStatements: [] } }));
    await deployment.apply("shop");
    deployment.synthesize(shop({ rules: [{ upstream: "quay" }, { upstream: "k8s" }] }));
    await deployment.apply("shop");
    expect(await deployment.isUpToDate("shop")).toBe(true);
    const [own] = await statements();
    expect(own?.Resource).toHaveLength(2);
    await put(own!, replication);
    expect(await failedPlan()).toContain('"Sid":"Replication"');
    await put(own!);
    await deployment.destroy("shop");
    await expect(ecr().send(new DeleteRegistryPolicyCommand())).rejects.toThrow(
      "Registry policy does not exist",
    );
  });

  test("keeps the scanning rules of others, which a plan names before it would remove them", async () => {
    const { deployment } = shared;
    const filters = async () => {
      const { scanningConfiguration } = await ecr().send(
        new GetRegistryScanningConfigurationCommand(),
      );
      return (scanningConfiguration?.rules ?? []).flatMap(
        ({ scanFrequency, repositoryFilters = [] }) =>
          repositoryFilters.map(({ filter }) => `${scanFrequency} ${filter}`),
      );
    };
    const scanned = (change: Partial<EnvironmentInput>) => shop({ access: {}, ...change });
    const base: RegistryScanningRule = {
      scanFrequency: "SCAN_ON_PUSH",
      repositoryFilters: [{ filter: "base", filterType: "WILDCARD" }],
    };
    await ecr().send(
      new PutRegistryScanningConfigurationCommand({ scanType: "BASIC", rules: [base] }),
    );
    deployment.synthesize(scanned({ scanning: { type: "BASIC" } }));
    await deployment.init("shop");
    expect(await failedPlan()).toContain(
      `This deployment would remove rules from the scanning configuration of account ${ACCOUNT} in ${REGION}: SCAN_ON_PUSH base.`,
    );
    expect(await filters()).toEqual(["SCAN_ON_PUSH base"]);

    const otherRules = [{ frequency: "ON_PUSH", filters: ["base"] }] as const;
    deployment.synthesize(
      scanned({ scanning: { type: "ENHANCED", otherRules }, adopt: ["scanning"] }),
    );
    await deployment.apply("shop");
    expect((await filters()).sort()).toEqual(["CONTINUOUS_SCAN quay/*", "SCAN_ON_PUSH base"]);
    expect(await deployment.isUpToDate("shop")).toBe(true);
    expect(await failedPlan("-destroy")).toContain("Instance cannot be destroyed");

    deployment.synthesize(scanned({ scanning: { type: "ENHANCED", otherRules: [] } }));
    await deployment.apply("shop");
    expect(await filters()).toEqual(["CONTINUOUS_SCAN quay/*"]);
    await deployment.destroy("shop");
    expect(await filters()).toEqual([]);
  });
});
