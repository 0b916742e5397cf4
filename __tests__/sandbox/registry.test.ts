import { ACCOUNT, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
});
afterEach(() => aws.stop());

const policyOf = (statement: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statement });

const FILL = {
  Sid: "Fill",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::444444444444:root" },
  Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
  Resource: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/quay/*`,
};

describe("the registry policy", () => {
  test("is set, read, replaced and deleted", async () => {
    await expect(aws.ecr.getRegistryPolicy({})).rejects.toMatchObject({
      name: "RegistryPolicyNotFoundException",
      message: `Registry policy does not exist in the registry with id '${ACCOUNT}'`,
    });
    await aws.ecr.putRegistryPolicy({ policyText: policyOf(FILL) });
    const policyText = policyOf([{ ...FILL, Action: "ecr:*" }]);
    await aws.ecr.putRegistryPolicy({ policyText });
    expect(await aws.ecr.getRegistryPolicy({})).toMatchObject({ registryId: ACCOUNT, policyText });
    expect(await aws.ecr.deleteRegistryPolicy({})).toMatchObject({ policyText });
    await expect(aws.ecr.deleteRegistryPolicy({})).rejects.toMatchObject({
      name: "RegistryPolicyNotFoundException",
    });
  });

  test.each([
    ["no JSON", "policy"],
    ["no statement", JSON.stringify({ Version: "2012-10-17" })],
    ["an unknown version", JSON.stringify({ Version: "2020-01-01", Statement: [FILL] })],
    ["another service's action", policyOf({ ...FILL, Action: "s3:GetObject" })],
    ["no principal", policyOf({ ...FILL, Principal: undefined })],
    ["no resource", policyOf({ ...FILL, Resource: undefined })],
    ["an unknown effect", policyOf({ ...FILL, Effect: "Perhaps" })],
    ["an unknown key", policyOf({ ...FILL, Actions: "ecr:*" })],
  ])("is refused with %s", async (_, policyText) => {
    await expect(aws.ecr.putRegistryPolicy({ policyText })).rejects.toMatchObject({
      name: "InvalidParameterException",
      message:
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'",
    });
  });

  test("is refused beyond 10,240 characters", async () => {
    const policyText = policyOf({ ...FILL, Sid: "x".repeat(10_240) });
    await expect(aws.ecr.putRegistryPolicy({ policyText })).rejects.toMatchObject({
      message: expect.stringContaining("less than or equal to 10240") as string,
    });
  });
});

describe("account settings", () => {
  test.each([
    ["BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", "AWS_NATIVE"],
    ["BLOB_MOUNTING", "DISABLED", "ENABLED"],
    ["REGISTRY_POLICY_SCOPE", "V2", "V2"],
  ])("%s is %s until it is put", async (name, initial, value) => {
    expect(await aws.ecr.getAccountSetting({ name })).toMatchObject({ name, value: initial });
    expect(await aws.ecr.putAccountSetting({ name, value })).toMatchObject({ name, value });
    expect(await aws.ecr.getAccountSetting({ name })).toMatchObject({ name, value });
    await expect(aws.ecr.putAccountSetting({ name, value: "V3" })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  test.each([
    ["BASIC_SCAN_TYPE_VERSION", "CLAIR"],
    ["REGISTRY_POLICY_SCOPE", "V1"],
  ])("%s no longer takes %s", async (name, value) => {
    await expect(aws.ecr.putAccountSetting({ name, value })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  test("are refused for an unknown name", async () => {
    await expect(aws.ecr.getAccountSetting({ name: "OTHER" })).rejects.toMatchObject({
      name: "InvalidParameterException",
      message:
        "Invalid parameter at 'name' failed to satisfy constraint: 'Member must satisfy enum value set: [BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING, REGISTRY_POLICY_SCOPE]'",
    });
  });
});

test("an authorization token is for the user AWS and expires after twelve hours", async () => {
  const { authorizationData } = await aws.ecr.getAuthorizationToken({});
  const [{ authorizationToken = "", expiresAt, proxyEndpoint } = {}] = authorizationData ?? [];
  expect(Buffer.from(authorizationToken, "base64").toString()).toMatch(/^AWS:./);
  expect(proxyEndpoint).toBe(`https://${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`);
  const hours = ((expiresAt?.getTime() ?? 0) - Date.now()) / 3_600_000;
  expect(hours).toBeCloseTo(12, 1);
});
