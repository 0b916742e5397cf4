import { administratorOf, type Caller } from "../../sandbox/ecr/authorization";
import { EcrException } from "../../sandbox/ecr/exceptions";
import { ACCOUNT, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

/*
 * Who may pull: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html
 */

const OTHER = "333333333333";
const NAME = "quay/org/app";
const ARN = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/quay/*`;

const role: Caller = {
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/tasks/session`,
  role: "tasks",
};
const foreigner = administratorOf(OTHER);

let aws: TestEcr;

beforeAll(async () => {
  aws = await startTestEcr();
});
afterAll(() => aws.stop());
beforeEach(async () => {
  aws.service.reset();
  aws.policies.clear();
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
});

const policyOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (...names: string[]) => ({
  Effect: "Allow",
  Action: names.map((name) => `ecr:${name}`),
  Resource: ARN,
});

function giveRole(...names: string[]): void {
  aws.policies.set("tasks", [policyOf(allow(...names))]);
}

const putRegistryPolicy = (...statements: object[]) =>
  aws.ecr.putRegistryPolicy({ policyText: policyOf(...statements) });

/** What a pull by tag comes to: a digest, a failure's code, or an exception's code and message. */
async function pull(caller: Caller, imageTag = "1"): Promise<string> {
  try {
    const { images, failures } = (await aws.service.perform(
      REGION,
      "BatchGetImage",
      { registryId: ACCOUNT, repositoryName: NAME, imageIds: [{ imageTag }] },
      { caller },
    )) as {
      images: { imageId: { imageDigest: string } }[];
      failures: { failureCode: string; failureReason: string }[];
    };
    const [failure] = failures;
    if (failure) return `${failure.failureCode}: ${failure.failureReason}`;
    return images.length === 1 ? "pulled" : "nothing";
  } catch (error) {
    if (!(error instanceof EcrException)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const denied = (caller: Caller, why: string) =>
  `AccessDeniedException: User: ${caller.arn} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${NAME} ${why}`;

const NO_REPOSITORY = `RepositoryNotFoundException: The repository with name '${NAME}' does not exist in the registry with id '${ACCOUNT}'`;
const NO_IMAGE = "ImageNotFound: Requested image not found";

describe("a role of the account", () => {
  test("pulls with the rights to create, import and read", async () => {
    giveRole("BatchGetImage", "BatchImportUpstreamImage", "CreateRepository");
    expect(await pull(role)).toBe("pulled");
  });

  test("finds no repository without the right to create it, and creates none", async () => {
    giveRole("BatchGetImage", "BatchImportUpstreamImage");
    expect(await pull(role)).toBe(NO_REPOSITORY);
    expect((await aws.ecr.describeRepositories({})).repositories).toEqual([]);
    await pull(administratorOf(ACCOUNT));
    expect(await pull(role, "2")).toBe("pulled");
  });

  test("finds no image without the right to import, but what is cached", async () => {
    giveRole("BatchGetImage", "CreateRepository");
    expect(await pull(role)).toBe(NO_IMAGE);
    expect((await aws.ecr.describeRepositories({})).repositories).toEqual([]);
    await pull(administratorOf(ACCOUNT));
    expect(await pull(role)).toBe("pulled");
    aws.service.advanceClock(25 * 60 * 60 * 1000);
    expect(await pull(role)).toBe("pulled");
  });

  test("is denied a cached image without the right to read", async () => {
    giveRole("CreateRepository", "BatchImportUpstreamImage");
    await pull(administratorOf(ACCOUNT));
    expect(await pull(role)).toBe(
      denied(role, "because no identity-based policy allows the ecr:BatchGetImage action"),
    );
  });

  test("needs rights of its own where a policy names the account, and none where it names the role", async () => {
    const statement = {
      ...allow("BatchGetImage", "BatchImportUpstreamImage", "CreateRepository"),
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    };
    await putRegistryPolicy(statement);
    expect(await pull(role)).toBe(NO_REPOSITORY);
    await putRegistryPolicy({
      ...statement,
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/tasks` },
    });
    expect(await pull(role)).toBe("pulled");
  });

  test("is denied by a registry policy that denies, whatever else allows", async () => {
    giveRole("*");
    await pull(role);
    await putRegistryPolicy({
      ...allow("BatchGetImage"),
      Effect: "Deny",
      Principal: "*",
      Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/tasks" } },
    });
    expect(await pull(role)).toBe(denied(role, "with an explicit deny in a resource-based policy"));
  });

  test("is denied other actions as well", async () => {
    giveRole("DescribeRepositories");
    const describe = (input: object) =>
      aws.service.perform(REGION, "DescribeRepositories", input, { caller: role });
    await expect(describe({})).rejects.toMatchObject({ code: "AccessDeniedException" });
    await pull(administratorOf(ACCOUNT));
    expect(await describe({ repositoryNames: [NAME] })).toMatchObject({
      repositories: [{ repositoryName: NAME }],
    });
  });
});

describe("another account", () => {
  const grant = (principal: object | "*", extra: object = {}) => ({
    ...allow("BatchGetImage", "BatchImportUpstreamImage", "CreateRepository"),
    Principal: principal,
    ...extra,
  });

  test("pulls where the registry policy grants it", async () => {
    expect(await pull(foreigner)).toBe(NO_REPOSITORY);
    await putRegistryPolicy(grant({ AWS: `arn:aws:iam::${OTHER}:root` }));
    expect(await pull(foreigner)).toBe("pulled");
  });

  test("pulls where the registry policy lets it import, and the template's policy lets it read", async () => {
    await putRegistryPolicy({
      ...allow("BatchImportUpstreamImage", "CreateRepository"),
      Principal: { AWS: OTHER },
    });
    expect(await pull(foreigner)).toBe(
      denied(foreigner, "because no resource-based policy allows the ecr:BatchGetImage action"),
    );
    await aws.ecr.deleteRepository({ repositoryName: NAME, force: true });
    const { Resource, ...read } = { ...allow("BatchGetImage"), Principal: { AWS: OTHER } };
    await aws.ecr.createRepositoryCreationTemplate({
      prefix: "quay",
      appliedFor: ["PULL_THROUGH_CACHE"],
      repositoryPolicy: policyOf(read),
    });
    expect(await pull(foreigner)).toBe("pulled");
  });

  test("of the organization pulls, and one outside of it does not", async () => {
    await putRegistryPolicy(
      grant("*", { Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abc123def4" } } }),
    );
    expect(await pull(foreigner)).toBe(NO_REPOSITORY);
    const membership = { organization: "o-abc123def4", path: "o-abc123def4/r-ab12/ou-ab12-1/" };
    aws.service.memberships.set(OTHER, membership);
    expect(await pull(foreigner)).toBe("pulled");
    aws.service.memberships.set(OTHER, { ...membership, organization: "o-other12345" });
    expect(await pull(foreigner)).toMatch(/^AccessDeniedException/);
  });

  test.each([
    ["o-abc123def4/r-ab12/ou-ab12-1/", true],
    ["o-abc123def4/r-ab12/ou-ab12-2/", false],
  ])("at the path %s of the organization: %s", async (path, isGranted) => {
    const paths = { "aws:PrincipalOrgPaths": ["o-abc123def4/r-ab12/ou-ab12-1/*"] };
    await putRegistryPolicy(grant("*", { Condition: { "ForAnyValue:StringLike": paths } }));
    aws.service.memberships.set(OTHER, { organization: "o-abc123def4", path });
    expect(await pull(foreigner)).toBe(isGranted ? "pulled" : NO_REPOSITORY);
  });

  test("gets a token, which is its own, but may not call the registry without naming it", async () => {
    const perform = (action: string) =>
      aws.service.perform(REGION, action, {}, { caller: foreigner });
    expect(await perform("GetAuthorizationToken")).toMatchObject({
      authorizationData: [{ proxyEndpoint: `https://${OTHER}.dkr.ecr.${REGION}.amazonaws.com` }],
    });
    await expect(perform("DescribeRepositories")).rejects.toMatchObject({
      code: "AccessDeniedException",
    });
  });
});
