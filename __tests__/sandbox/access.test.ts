import { defineEnvironment } from "../../ecr/environment";
import { formatPolicy, pullerPolicies, registryPolicy, repositoryPolicy } from "../../ecr/policies";
import { administratorOf, type Caller } from "../../sandbox/ecr/authorization";
import { EcrException } from "../../sandbox/ecr/exceptions";
import { ACCOUNT, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

/*
 * Who may pull, import and create with the policies that an environment gives a registry, its repositories and the roles of
 * its own and of consumers' accounts, by calls of each.
 */

const UNIT = "o-zyx987wvu6/r-ab12/ou-ab12-11111111";
const CONSUMER = "999999999999";

const environment = defineEnvironment({
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [{ upstream: "quay", only: ["old/*", "new/*"] }],
  access: {
    roles: ["tasks"],
    accounts: ["222222222222"],
    consumers: [{ account: CONSUMER, roles: ["nodes"] }],
    organizations: ["o-abc123def4"],
    organizationPaths: [`${UNIT}/*`],
    registryStatements: [],
  },
});

const member = (path: string) => ({ organization: path.split("/")[0]!, path });

const roleOf = (account: string, role: string): Caller => ({
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${role}/test`,
  role,
});

interface Who {
  readonly caller: Caller;
  readonly membership?: ReturnType<typeof member>;
}

const callers = {
  "a role of access.roles": { caller: roleOf(ACCOUNT, "tasks") },
  "another role of the account": { caller: roleOf(ACCOUNT, "builds") },
  "an account by its id": { caller: administratorOf("222222222222") },
  "a role of that account without a policy": { caller: roleOf("222222222222", "builds") },
  "a consumer": { caller: administratorOf(CONSUMER) },
  "a role of a consumer": { caller: roleOf(CONSUMER, "nodes") },
  "another role of that consumer": { caller: roleOf(CONSUMER, "builds") },
  "an account of the organization": {
    caller: administratorOf("333333333333"),
    membership: member("o-abc123def4/r-cd34/"),
  },
  "an account of the unit": {
    caller: administratorOf("444444444444"),
    membership: member(`${UNIT}/`),
  },
  "an account below the unit": {
    caller: administratorOf("555555555555"),
    membership: member(`${UNIT}/ou-ab12-22222222/`),
  },
  "an account of another unit": {
    caller: administratorOf("666666666666"),
    membership: member("o-zyx987wvu6/r-ab12/ou-ab12-33333333/"),
  },
  "an account of another organization": {
    caller: administratorOf("777777777777"),
    membership: member("o-other12345/r-ef56/"),
  },
  "an account of no organization": { caller: administratorOf("888888888888") },
} as const satisfies Record<string, Who>;

let aws: TestEcr;

beforeAll(async () => {
  aws = await startTestEcr();
});
afterAll(() => aws.stop());
beforeEach(async () => {
  aws.service.reset();
  aws.policies.clear();
  for (const one of Object.values<Who>(callers)) {
    if (one.membership) aws.service.memberships.set(one.caller.account, one.membership);
  }
  for (const role of ["tasks", "nodes"]) {
    aws.policies.set(role, pullerPolicies(environment).map(formatPolicy));
  }
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
  // A repository from before anybody else had access: no policy of a template is on it.
  await pull(administratorOf(ACCOUNT), "quay/old/app", "1");
  await aws.ecr.putRegistryPolicy({
    policyText: formatPolicy(registryPolicy(environment, REGION)!),
  });
  await aws.ecr.createRepositoryCreationTemplate({
    prefix: "quay",
    appliedFor: ["PULL_THROUGH_CACHE"],
    repositoryPolicy: formatPolicy(repositoryPolicy(environment, REGION)!),
  });
  await pull(administratorOf(ACCOUNT), "quay/new/app", "1");
  // The account's administrator is not limited by `only`.
  await pull(administratorOf(ACCOUNT), "quay/other/app", "1");
});

async function isAllowed(caller: Caller, action: string, input: object): Promise<boolean> {
  try {
    const answer = (await aws.service.perform(
      REGION,
      action,
      { registryId: ACCOUNT, ...input },
      { caller },
    )) as { failures?: unknown[] };
    return (answer.failures ?? []).length === 0;
  } catch (error) {
    if (error instanceof EcrException) return false;
    throw error;
  }
}

const pull = (caller: Caller, repositoryName: string, imageTag: string) =>
  isAllowed(caller, "BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });

const ALL = "pulls, pulls from existing repositories, imports, creates";
/** A statement that names an account does not reach repositories that exist already. */
const NEW = "pulls, imports, creates";
/** Whoever is not limited by policies of its own pulls what exists: a template has one policy for all repositories. */
const EXISTING = "pulls what only does not list";

test.each([
  ["a role of access.roles", ALL],
  ["another role of the account", ""],
  ["an account by its id", `${NEW}, ${EXISTING}`],
  ["a role of that account without a policy", ""],
  ["a consumer", `${NEW}, ${EXISTING}`],
  ["a role of a consumer", NEW],
  ["another role of that consumer", ""],
  ["an account of the organization", `${ALL}, ${EXISTING}`],
  ["an account of the unit", `${ALL}, ${EXISTING}`],
  ["an account below the unit", `${ALL}, ${EXISTING}`],
  ["an account of another unit", ""],
  ["an account of another organization", ""],
  ["an account of no organization", ""],
] as const)("with the policies of an environment, %s: %s", async (who, expected) => {
  const { caller } = callers[who];
  const repositoryName = "quay/new/app";
  const may = {
    pulls: await pull(caller, repositoryName, "1"),
    "pulls from existing repositories": await pull(caller, "quay/old/app", "1"),
    imports: await pull(caller, repositoryName, "2"),
    creates: await pull(caller, `quay/new/${caller.account}`, "1"),
    pushes: await isAllowed(caller, "PutImage", {
      repositoryName,
      imageManifest: "{}",
      imageTag: "3",
    }),
    deletes: await isAllowed(caller, "BatchDeleteImage", {
      repositoryName,
      imageIds: [{ imageTag: "1" }],
    }),
    "changes policies": await isAllowed(caller, "SetRepositoryPolicy", {
      repositoryName,
      policyText: formatPolicy(repositoryPolicy(environment, REGION)!),
    }),
    "creates what only does not list": await pull(caller, `quay/other/${caller.account}`, "1"),
    "imports what only does not list": await pull(caller, "quay/other/app", "2"),
    "pulls what only does not list": await pull(caller, "quay/other/app", "1"),
    "pulls outside of the prefix": await pull(caller, "team/app", "1"),
  };
  const allowed = Object.entries(may).flatMap(([what, isSo]) => (isSo ? [what] : []));
  expect(allowed.join(", ")).toBe(expected);
});
