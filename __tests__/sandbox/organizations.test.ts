import { defineEnvironment } from "../../ecr/environment";
import { formatPolicy, registryPolicy, repositoryPolicy } from "../../ecr/policies";
import { administratorOf } from "../../sandbox/ecr/authorization";
import { EcrException } from "../../sandbox/ecr/exceptions";
import { ACCOUNT, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

/*
 * Who may pull, import and create with the policies that an environment gives a registry and its repositories, by calls of
 * each account.
 */

const UNIT = "o-zyx987wvu6/r-ab12/ou-ab12-11111111";

const environment = defineEnvironment({
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [{ upstream: "quay" }],
  access: {
    accounts: ["222222222222"],
    organizations: ["o-abc123def4"],
    organizationPaths: [`${UNIT}/*`],
    registryStatements: [],
  },
});

const member = (path: string) => ({ organization: path.split("/")[0]!, path });

const callers = {
  "an account by its id": { account: "222222222222" },
  "an account of the organization": {
    account: "333333333333",
    membership: member("o-abc123def4/r-cd34/"),
  },
  "an account of the unit": { account: "444444444444", membership: member(`${UNIT}/`) },
  "an account below the unit": {
    account: "555555555555",
    membership: member(`${UNIT}/ou-ab12-22222222/`),
  },
  "an account of another unit": {
    account: "666666666666",
    membership: member("o-zyx987wvu6/r-ab12/ou-ab12-33333333/"),
  },
  "an account of another organization": {
    account: "777777777777",
    membership: member("o-other12345/r-ef56/"),
  },
  "an account of no organization": { account: "888888888888" },
} as const satisfies Record<
  string,
  { readonly account: string; readonly membership?: ReturnType<typeof member> }
>;

let aws: TestEcr;

beforeAll(async () => {
  aws = await startTestEcr();
});
afterAll(() => aws.stop());
beforeEach(async () => {
  aws.service.reset();
  for (const one of Object.values(callers)) {
    if ("membership" in one) aws.service.memberships.set(one.account, one.membership);
  }
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
  // A repository from before anybody else had access: no policy of a template is on it.
  await pull(ACCOUNT, "quay/old/app", "1");
  await aws.ecr.putRegistryPolicy({
    policyText: formatPolicy(registryPolicy(environment, REGION)!),
  });
  await aws.ecr.createRepositoryCreationTemplate({
    prefix: "quay",
    appliedFor: ["PULL_THROUGH_CACHE"],
    repositoryPolicy: formatPolicy(repositoryPolicy(environment, REGION)!),
  });
  await pull(ACCOUNT, "quay/new/app", "1");
});

async function isAllowed(account: string, action: string, input: object): Promise<boolean> {
  try {
    const answer = (await aws.service.perform(
      REGION,
      action,
      { registryId: ACCOUNT, ...input },
      { caller: administratorOf(account) },
    )) as { failures?: unknown[] };
    return (answer.failures ?? []).length === 0;
  } catch (error) {
    if (error instanceof EcrException) return false;
    throw error;
  }
}

const pull = (account: string, repositoryName: string, imageTag: string) =>
  isAllowed(account, "BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });

test.each([
  ["an account by its id", "pulls, imports, creates"],
  ["an account of the organization", "pulls, pulls from existing repositories, imports, creates"],
  ["an account of the unit", "pulls, pulls from existing repositories, imports, creates"],
  ["an account below the unit", "pulls, pulls from existing repositories, imports, creates"],
  ["an account of another unit", ""],
  ["an account of another organization", ""],
  ["an account of no organization", ""],
] as const)("with the policies of an environment, %s: %s", async (who, expected) => {
  const { account } = callers[who];
  const repositoryName = "quay/new/app";
  const may = {
    pulls: await pull(account, repositoryName, "1"),
    "pulls from existing repositories": await pull(account, "quay/old/app", "1"),
    imports: await pull(account, repositoryName, "2"),
    creates: await pull(account, `quay/new/${account}`, "1"),
    pushes: await isAllowed(account, "PutImage", {
      repositoryName,
      imageManifest: "{}",
      imageTag: "3",
    }),
    deletes: await isAllowed(account, "BatchDeleteImage", {
      repositoryName,
      imageIds: [{ imageTag: "1" }],
    }),
    "changes policies": await isAllowed(account, "SetRepositoryPolicy", {
      repositoryName,
      policyText: formatPolicy(repositoryPolicy(environment, REGION)!),
    }),
    "pulls outside of the prefix": await pull(account, "team/app", "1"),
  };
  const allowed = Object.entries(may).flatMap(([what, isSo]) => (isSo ? [what] : []));
  expect(allowed.join(", ")).toBe(expected);
});
