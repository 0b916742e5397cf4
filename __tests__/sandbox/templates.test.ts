import type { CreateRepositoryCreationTemplateRequest } from "@aws-sdk/client-ecr";
import { ACCOUNT, KEEP_TEN, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
});
afterEach(() => aws.stop());

const template = (
  rest: Partial<CreateRepositoryCreationTemplateRequest> = {},
): CreateRepositoryCreationTemplateRequest => ({
  prefix: "quay",
  appliedFor: ["PULL_THROUGH_CACHE"],
  ...rest,
});

const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0f0f0f0f-0000-0000-0000-000000000000`;

describe("creating a template", () => {
  test("returns its settings with the service's defaults", async () => {
    const created = await aws.ecr.createRepositoryCreationTemplate(
      template({
        description: "Cached images",
        lifecyclePolicy: KEEP_TEN,
        resourceTags: [{ Key: "team", Value: "platform" }],
        customRoleArn: `arn:aws:iam::${ACCOUNT}:role/templates`,
      }),
    );
    const { createdAt, updatedAt, ...settings } = created.repositoryCreationTemplate ?? {};
    expect(created.registryId).toBe(ACCOUNT);
    expect(createdAt).toEqual(updatedAt);
    expect(settings).toEqual({
      prefix: "quay",
      appliedFor: ["PULL_THROUGH_CACHE"],
      description: "Cached images",
      imageTagMutability: "MUTABLE",
      encryptionConfiguration: { encryptionType: "AES256" },
      lifecyclePolicy: KEEP_TEN,
      resourceTags: [{ Key: "team", Value: "platform" }],
      customRoleArn: `arn:aws:iam::${ACCOUNT}:role/templates`,
    });
  });

  test("accepts tags without a role: only the pull fails", async () => {
    await aws.ecr.createRepositoryCreationTemplate(
      template({ resourceTags: [{ Key: "team", Value: "platform" }] }),
    );
  });

  test("is refused for a prefix that has a template", async () => {
    await aws.ecr.createRepositoryCreationTemplate(template());
    await expect(
      aws.ecr.createRepositoryCreationTemplate(template({ prefix: "quay/" })),
    ).rejects.toMatchObject({
      name: "TemplateAlreadyExistsException",
      message: `The repository creation template with prefix 'quay' already exists in the registry with id '${ACCOUNT}'.`,
    });
  });

  test.each<[string, Partial<CreateRepositoryCreationTemplateRequest>, string]>([
    ["a prefix with an upper-case letter", { prefix: "Quay" }, "prefix"],
    ["a prefix of 257 characters", { prefix: "a".repeat(257) }, "prefix"],
    ["no use", { appliedFor: [] }, "appliedFor"],
    ["an unknown use", { appliedFor: ["PUSH" as never] }, "appliedFor"],
    ["a description of 257 characters", { description: "x".repeat(257) }, "description"],
    ["an unknown mutability", { imageTagMutability: "NEVER" as never }, "imageTagMutability"],
    [
      "an exclusion without filters",
      { imageTagMutability: "MUTABLE_WITH_EXCLUSION" },
      "imageTagMutabilityExclusionFilters",
    ],
    [
      "filters without an exclusion",
      { imageTagMutabilityExclusionFilters: [{ filter: "v*", filterType: "WILDCARD" }] },
      "imageTagMutabilityExclusionFilters",
    ],
    [
      "a key with AES256",
      { encryptionConfiguration: { encryptionType: "AES256", kmsKey: KEY } },
      "kmsKey",
    ],
    [
      "a key by its alias",
      { encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/mine" } },
      "kmsKey",
    ],
    [
      "a key of another region",
      {
        encryptionConfiguration: {
          encryptionType: "KMS",
          kmsKey: KEY.replace(REGION, "us-east-1"),
        },
      },
      "kmsKey",
    ],
    [
      "a role of another account",
      { customRoleArn: "arn:aws:iam::444444444444:role/templates" },
      "customRoleArn",
    ],
    ["a repository policy that is none", { repositoryPolicy: "{}" }, "PolicyText"],
    ["a lifecycle policy that is none", { lifecyclePolicy: "{}" }, "LifecyclePolicyText"],
    [
      "a lifecycle policy with a null",
      { lifecyclePolicy: KEEP_TEN.replace('"expire"', '"expire","targetStorageClass":null') },
      "LifecyclePolicyText",
    ],
  ])("is refused with %s", async (_, settings, parameter) => {
    await expect(
      aws.ecr.createRepositoryCreationTemplate(template(settings)),
    ).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining(`Invalid parameter at '${parameter}'`) as string,
    });
    const { repositoryCreationTemplates } = await aws.ecr.describeRepositoryCreationTemplates({});
    expect(repositoryCreationTemplates).toEqual([]);
  });

  test.each([
    [
      "a tag twice",
      [
        { Key: "a", Value: "1" },
        { Key: "a", Value: "2" },
      ],
    ],
    ["a tag of AWS's own", [{ Key: "aws:x", Value: "1" }]],
  ])("is refused with %s", async (_, resourceTags) => {
    await expect(
      aws.ecr.createRepositoryCreationTemplate(template({ resourceTags })),
    ).rejects.toMatchObject({ name: "InvalidTagParameterException" });
  });
});

describe("describing templates", () => {
  test("returns pages, or the templates of given prefixes", async () => {
    for (const prefix of ["c", "a", "b"]) {
      await aws.ecr.createRepositoryCreationTemplate(template({ prefix }));
    }
    const first = await aws.ecr.describeRepositoryCreationTemplates({ maxResults: 2 });
    const second = await aws.ecr.describeRepositoryCreationTemplates({
      maxResults: 2,
      nextToken: first.nextToken,
    });
    const prefixes = [first, second].map(({ repositoryCreationTemplates }) =>
      repositoryCreationTemplates?.map(({ prefix }) => prefix),
    );
    expect(prefixes).toEqual([["a", "b"], ["c"]]);
    expect(second.nextToken).toBeUndefined();

    const named = await aws.ecr.describeRepositoryCreationTemplates({ prefixes: ["b"] });
    expect(named.repositoryCreationTemplates?.map(({ prefix }) => prefix)).toEqual(["b"]);
    await expect(
      aws.ecr.describeRepositoryCreationTemplates({ prefixes: ["d"] }),
    ).rejects.toMatchObject({ name: "TemplateNotFoundException" });
  });
});

describe("updating a template", () => {
  test("changes the given settings and keeps the others", async () => {
    await aws.ecr.createRepositoryCreationTemplate(
      template({ description: "before", lifecyclePolicy: KEEP_TEN }),
    );
    const { repositoryCreationTemplate } = await aws.ecr.updateRepositoryCreationTemplate({
      prefix: "quay",
      description: "after",
    });
    expect(repositoryCreationTemplate).toMatchObject({
      description: "after",
      lifecyclePolicy: KEEP_TEN,
      appliedFor: ["PULL_THROUGH_CACHE"],
    });
  });

  test("is refused with invalid settings, and for a template that does not exist", async () => {
    await aws.ecr.createRepositoryCreationTemplate(template());
    await expect(
      aws.ecr.updateRepositoryCreationTemplate({ prefix: "quay", lifecyclePolicy: "{}" }),
    ).rejects.toMatchObject({ name: "InvalidParameterException" });
    await expect(
      aws.ecr.updateRepositoryCreationTemplate({ prefix: "other" }),
    ).rejects.toMatchObject({
      name: "TemplateNotFoundException",
      message: `The repository creation template with prefix 'other' does not exist in the registry with id '${ACCOUNT}'.`,
    });
  });
});

test("deleting a template returns it once", async () => {
  await aws.ecr.createRepositoryCreationTemplate(template());
  const deleted = await aws.ecr.deleteRepositoryCreationTemplate({ prefix: "quay" });
  expect(deleted.repositoryCreationTemplate).toMatchObject({ prefix: "quay" });
  await expect(aws.ecr.deleteRepositoryCreationTemplate({ prefix: "quay" })).rejects.toMatchObject({
    name: "TemplateNotFoundException",
  });
});
