import { PutRegistryPolicyCommand } from "@aws-sdk/client-ecr";
import { checkRegistryPolicy } from "../../../cli/verify/checks";
import type { EnvironmentInput } from "../../../ecr/environment";
import { formatPolicy, registryPolicy, type RegistryStatement } from "../../../ecr/policies";
import { InProcessEcr } from "../../support/in-process-ecr";
import { anEnvironment } from "../../support/template";

const replication: RegistryStatement = {
  Sid: "Replication",
  Effect: "Allow",
  Principal: { AWS: "999999999999" },
  Action: "ecr:ReplicateImage",
  Resource: "*",
};
const noDeletion: RegistryStatement = {
  Effect: "Deny",
  Principal: "*",
  Action: "ecr:DeleteRepository",
  Resource: "*",
};

const environmentWith = (access: EnvironmentInput["access"]) =>
  anEnvironment({ access: { accounts: ["222222222222"], ...access } });

/** What `verify` finds of an environment where another one was deployed, and somebody has added statements. */
async function check(
  access: EnvironmentInput["access"],
  deployed: EnvironmentInput["access"] | undefined,
  ...added: RegistryStatement[]
) {
  const ecr = new InProcessEcr();
  const environment = environmentWith(access);
  const wanted = registryPolicy(environment, "us-east-1")!;
  if (deployed) {
    const { Statement } = registryPolicy(environmentWith(deployed), "us-east-1")!;
    const policyText = formatPolicy({ ...wanted, Statement: [...Statement, ...added] });
    await ecr.client.send(new PutRegistryPolicyCommand({ policyText }));
  }
  const { state, detail } = await checkRegistryPolicy(ecr.client, environment, wanted);
  return detail === undefined ? state : `${state}: ${detail}`;
}

const CANT_FILL = "the policy does not let other accounts fill the cache";

test.each([
  ["is ok as it was deployed", {}, {}, [], "ok"],
  [
    "is missing",
    {},
    undefined,
    [],
    "failed: the registry has no policy: other accounts can't fill the cache",
  ],
  [
    "lacks an account",
    { accounts: ["222222222222", "333333333333"] },
    {},
    [],
    `failed: ${CANT_FILL}`,
  ],
  [
    "lacks an organization",
    { organizations: ["o-abc123def4"] },
    { organizationPaths: ["o-abc123def4/r-ab12/ou-ab12-11111111/*"] },
    [],
    `failed: ${CANT_FILL}`,
  ],
  [
    "has a wider path than the environment",
    { organizationPaths: ["o-abc123def4/r-ab12/ou-ab12-11111111/*"] },
    { organizationPaths: ["o-abc123def4/*"] },
    [],
    "failed: the environment does not grant ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:BatchImportUpstreamImage, ecr:CreateRepository on arn:aws:ecr:us-east-1:111111111111:repository/quay/* for organization path o-abc123def4/*",
  ],
  [
    "has statements that the environment does not list",
    {},
    {},
    [replication],
    "failed: access.registryStatements lacks statements of the policy: Replication",
  ],
  [
    "has the statements that the environment lists",
    { registryStatements: [replication] },
    {},
    [replication],
    "ok",
  ],
  [
    "lacks a denial that the environment lists",
    { registryStatements: [noDeletion] },
    {},
    [],
    "failed: the policy lacks statements of access.registryStatements: a statement without a Sid",
  ],
] as const)("a registry policy %s", async (_, access, deployed, added, expected) => {
  expect(await check(access, deployed, ...added)).toBe(expected);
});
