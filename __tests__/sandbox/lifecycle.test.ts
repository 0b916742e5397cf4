import { DAY, KEEP_TEN, lifecyclePolicyOf, startTestEcr, type TestEcr } from "../support/test-ecr";

const repositoryName = "quay/org/app";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
});
afterEach(() => aws.stop());

const any = { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 3 };
const expire = { type: "expire" };
const archive = { type: "transition", targetStorageClass: "archive" };

const rule = (selection: object, action: object = expire, rulePriority: unknown = 1) => ({
  rulePriority,
  description: "A description that makes the policy as long as the service wants it to be.",
  selection,
  action,
});

describe("a lifecycle policy", () => {
  beforeEach(() => aws.ecr.createRepository({ repositoryName }));

  const put = (lifecyclePolicyText: string) =>
    aws.ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText });

  test.each<[string, object[]]>([
    ["a count of images", [rule(any)]],
    [
      "days since the push",
      [rule({ ...any, countType: "sinceImagePushed", countUnit: "days" }, archive)],
    ],
    [
      "archiving by the last pull",
      [rule({ ...any, countType: "sinceImagePulled", countUnit: "days" }, archive)],
    ],
    [
      "expiry after 90 days in the archive",
      [
        rule({
          ...any,
          storageClass: "archive",
          countType: "sinceImageTransitioned",
          countUnit: "days",
          countNumber: 90,
        }),
      ],
    ],
    [
      "patterns, prefixes, untagged and any, in any order",
      [
        rule(any, expire, 40),
        rule({ ...any, tagStatus: "tagged", tagPatternList: ["v*.*.*-*"] }, expire, 10),
        rule({ ...any, tagStatus: "tagged", tagPrefixList: ["dev", "test"] }, expire, 20),
        rule({ ...any, tagStatus: "untagged" }, expire, 30),
      ],
    ],
  ])("is taken with %s", async (_, rules) => {
    const lifecyclePolicyText = lifecyclePolicyOf(...rules);
    await put(lifecyclePolicyText);
    expect(await aws.ecr.getLifecyclePolicy({ repositoryName })).toMatchObject({
      lifecyclePolicyText,
    });
  });

  const noSchema = (count: number) =>
    `instance failed to match exactly one schema (matched 0 out of ${count})`;

  test.each<[string, string, string]>([
    ["no JSON", "x".repeat(100), "Could not map policyString into LifecyclePolicy."],
    [
      "no rules",
      JSON.stringify({ comment: "x".repeat(100) }),
      'object has missing required properties (["rules"])',
    ],
    [
      "an empty list of rules",
      lifecyclePolicyOf() + " ".repeat(100),
      "array is too short: must have at least 1 elements but instance has 0 elements",
    ],
    [
      "51 rules",
      lifecyclePolicyOf(...Array.from({ length: 51 }, () => rule(any))),
      "array is too long: must have at most 50 elements but instance has 51 elements",
    ],
    [
      "a rule without a selection and an action",
      lifecyclePolicyOf({ rulePriority: 1, description: "x".repeat(100) }),
      'object has missing required properties (["action","selection"])',
    ],
    [
      "an unknown key",
      lifecyclePolicyOf({ ...rule(any), enabled: true }),
      'object instance has properties which are not allowed by the schema: (["enabled"])',
    ],
    [
      "a priority of 0",
      lifecyclePolicyOf(rule(any, expire, 0)),
      "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ],
    [
      "a priority that is a text",
      lifecyclePolicyOf(rule(any, expire, "1")),
      'instance type (string) does not match any allowed primitive type (allowed: ["integer"])',
    ],
    [
      "a priority twice",
      lifecyclePolicyOf(rule({ ...any, tagStatus: "untagged" }), rule(any)),
      "Rules must have unique priorities",
    ],
    [
      "a count of 0",
      lifecyclePolicyOf(rule({ ...any, countNumber: 0 })),
      "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ],
    [
      "an unknown action",
      lifecyclePolicyOf(rule(any, { type: "delete" })),
      'instance value ("delete") not found in enum (possible values: ["expire","transition"])',
    ],
    [
      "an unknown tag status",
      lifecyclePolicyOf(rule({ ...any, tagStatus: "all" })),
      'instance value ("all") not found in enum (possible values: ["any","tagged","untagged"])',
    ],
    ["a transition to nowhere", lifecyclePolicyOf(rule(any, { type: "transition" })), noSchema(2)],
    [
      "a target that is null",
      lifecyclePolicyOf(rule(any, { type: "expire", targetStorageClass: null })),
      noSchema(2),
    ],
    [
      "a unit with a count of images",
      lifecyclePolicyOf(rule({ ...any, countUnit: "days" })),
      noSchema(4),
    ],
    [
      "days without a unit",
      lifecyclePolicyOf(rule({ ...any, countType: "sinceImagePushed" })),
      noSchema(4),
    ],
    [
      "deletion by the last pull",
      lifecyclePolicyOf(rule({ ...any, countType: "sinceImagePulled", countUnit: "days" })),
      noSchema(4),
    ],
    [
      "days in the archive for other images",
      lifecyclePolicyOf(
        rule({
          ...any,
          countType: "sinceImageTransitioned",
          countUnit: "days",
          countNumber: 90,
        }),
      ),
      noSchema(4),
    ],
    [
      "89 days in the archive",
      lifecyclePolicyOf(
        rule({
          ...any,
          storageClass: "archive",
          countType: "sinceImageTransitioned",
          countUnit: "days",
          countNumber: 89,
        }),
      ),
      "numeric instance is lower than the required minimum (minimum: 90, found: 89)",
    ],
    [
      "tagged images of no tag",
      lifecyclePolicyOf(rule({ ...any, tagStatus: "tagged" })),
      "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ],
    [
      "prefixes and patterns at once",
      lifecyclePolicyOf(
        rule({ ...any, tagStatus: "tagged", tagPrefixList: ["v"], tagPatternList: ["v*"] }),
      ),
      noSchema(4),
    ],
    [
      "prefixes of untagged images",
      lifecyclePolicyOf(rule({ ...any, tagStatus: "untagged", tagPrefixList: ["v"] })),
      noSchema(4),
    ],
    [
      "five wildcards",
      lifecyclePolicyOf(rule({ ...any, tagStatus: "tagged", tagPatternList: ["*a*b*c*d*"] })),
      "A tag pattern can have at most 4 wildcards (*).",
    ],
    [
      "any image before others",
      lifecyclePolicyOf(rule(any), rule({ ...any, tagStatus: "untagged" }, expire, 2)),
      "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ],
    [
      "two rules for untagged images",
      lifecyclePolicyOf(
        rule({ ...any, tagStatus: "untagged" }),
        rule({ ...any, tagStatus: "untagged" }, archive, 2),
      ),
      "Only one rule can select Untagged images per storage class",
    ],
    [
      "a prefix twice",
      lifecyclePolicyOf(
        rule({ ...any, tagStatus: "tagged", tagPrefixList: ["v"] }),
        rule({ ...any, tagStatus: "tagged", tagPrefixList: ["v"] }, archive, 2),
      ),
      "Tag prefixes must be unique per storage class",
    ],
  ])("is refused with %s", async (_, text, failure) => {
    await expect(put(text)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${failure}'`,
    });
    await expect(aws.ecr.getLifecyclePolicy({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyNotFoundException",
    });
  });

  test.each([
    [
      "under 100 characters",
      lifecyclePolicyOf({ rulePriority: 1 }),
      "greater than or equal to 100",
    ],
    ["over 30,720 characters", " ".repeat(30_721), "less than or equal to 30720"],
  ])("is refused %s", async (_, text, limit) => {
    await expect(put(text)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining(limit) as string,
    });
  });
});

describe("a preview", () => {
  /** Pulls tags a day apart, the last one now. */
  async function pullDaily(...tags: string[]): Promise<void> {
    for (const [index, imageTag] of tags.entries()) {
      if (index > 0) aws.service.advanceClock(DAY);
      await aws.ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag }] });
    }
  }

  /** What a policy would do: its images by tag, or by digest where they have none. */
  async function preview(...rules: object[]): Promise<[string, string, number][]> {
    await aws.ecr.startLifecyclePolicyPreview({
      repositoryName,
      lifecyclePolicyText: lifecyclePolicyOf(...rules),
    });
    await aws.ecr.getLifecyclePolicyPreview({ repositoryName });
    const { previewResults } = await aws.ecr.getLifecyclePolicyPreview({ repositoryName });
    return (previewResults ?? [])
      .map(({ imageTags, imageDigest, action, appliedRulePriority }): [string, string, number] => [
        imageTags?.join() ?? imageDigest ?? "",
        action?.type ?? "",
        appliedRulePriority ?? 0,
      ])
      .sort();
  }

  beforeEach(() => {
    aws.service.upstream.set("quay.io", { platforms: ["linux/amd64"] });
  });

  test("runs in the background, then lists what would be deleted", async () => {
    await pullDaily("1", "2", "3", "4");
    const started = await aws.ecr.startLifecyclePolicyPreview({
      repositoryName,
      lifecyclePolicyText: lifecyclePolicyOf(rule(any)),
    });
    expect(started.status).toBe("IN_PROGRESS");
    expect(await aws.ecr.getLifecyclePolicyPreview({ repositoryName })).toMatchObject({
      status: "IN_PROGRESS",
      previewResults: [],
    });
    const done = await aws.ecr.getLifecyclePolicyPreview({ repositoryName });
    expect(done).toMatchObject({
      status: "COMPLETE",
      summary: { expiringImageTotalCount: 1 },
      previewResults: [
        {
          imageTags: ["1"],
          action: { type: "EXPIRE" },
          appliedRulePriority: 1,
          storageClass: "STANDARD",
        },
      ],
    });
    const { imageIds } = await aws.ecr.listImages({ repositoryName });
    expect(imageIds).toHaveLength(4);
  });

  test("is refused where none was started, and where there is no policy to preview", async () => {
    await pullDaily("1");
    await expect(aws.ecr.getLifecyclePolicyPreview({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyPreviewNotFoundException",
    });
    await expect(aws.ecr.startLifecyclePolicyPreview({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyNotFoundException",
    });
  });

  test("is of the repository's own policy where none is given", async () => {
    await pullDaily("1");
    await aws.ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText: KEEP_TEN });
    const { lifecyclePolicyText } = await aws.ecr.startLifecyclePolicyPreview({ repositoryName });
    expect(lifecyclePolicyText).toBe(KEEP_TEN);
  });

  test("counts days from the push, and beyond the number only", async () => {
    await pullDaily("1", "2", "3", "4");
    const pushed = { ...any, countType: "sinceImagePushed", countUnit: "days" };
    aws.service.advanceClock(1);
    expect(await preview(rule({ ...pushed, countNumber: 2 }))).toEqual([
      ["1", "EXPIRE", 1],
      ["2", "EXPIRE", 1],
    ]);
  });

  test("archives by the last pull", async () => {
    await pullDaily("1", "2", "3");
    await aws.ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: "1" }] });
    aws.service.advanceClock(1);
    const pulled = { ...any, countType: "sinceImagePulled", countUnit: "days", countNumber: 1 };
    expect(await preview(rule(pulled, archive))).toEqual([["2", "TRANSITION", 1]]);
  });

  test("leaves images alone that an earlier rule selects, whether it acts on them or not", async () => {
    await pullDaily("v1", "dev-1", "v2", "dev-2", "v3");
    const versions = { ...any, tagStatus: "tagged", tagPatternList: ["v*"], countNumber: 2 };
    expect(await preview(rule(versions), rule({ ...any, countNumber: 1 }, expire, 2))).toEqual([
      ["dev-1", "EXPIRE", 2],
      ["dev-2", "EXPIRE", 2],
      ["v1", "EXPIRE", 1],
    ]);
  });

  test("takes several prefixes or patterns as a conjunction", async () => {
    await pullDaily("v1", "v2");
    const both = { ...any, tagStatus: "tagged", tagPrefixList: ["v", "x"] };
    const pushed = { countType: "sinceImagePushed", countUnit: "days", countNumber: 1 };
    aws.service.advanceClock(2 * DAY);
    expect(await preview(rule({ ...both, ...pushed }))).toEqual([]);
    expect(await preview(rule({ ...both, ...pushed, tagPrefixList: ["v"] }))).toHaveLength(2);
  });

  test("selects untagged images", async () => {
    await pullDaily("1");
    aws.service.upstream.set("quay.io/org/app:1", { revision: "2" });
    aws.service.advanceClock(DAY);
    await pullDaily("1");
    const untagged = {
      tagStatus: "untagged",
      countType: "sinceImagePushed",
      countUnit: "days",
      countNumber: 1,
    };
    aws.service.advanceClock(1);
    expect((await preview(rule(untagged))).map(([, action]) => action)).toEqual(["EXPIRE"]);
  });

  test("keeps the images of an index that stays", async () => {
    aws.service.upstream.set("quay.io", { platforms: ["linux/amd64", "linux/arm64"] });
    await pullDaily("1");
    aws.service.advanceClock(10 * DAY);
    const untagged = { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days" };
    expect(await preview(rule({ ...untagged, countNumber: 1 }))).toEqual([]);
    const pushed = { ...any, countType: "sinceImagePushed", countUnit: "days", countNumber: 1 };
    expect(await preview(rule(pushed))).toHaveLength(3);
  });

  test("returns pages, tagged images, or the requested images", async () => {
    await pullDaily("1", "2", "3", "4");
    const text = lifecyclePolicyOf(rule({ ...any, countNumber: 1 }));
    await aws.ecr.startLifecyclePolicyPreview({ repositoryName, lifecyclePolicyText: text });
    await aws.ecr.getLifecyclePolicyPreview({ repositoryName });
    const show = async (input: object) => {
      const answer = await aws.ecr.getLifecyclePolicyPreview({ repositoryName, ...input });
      return { count: answer.previewResults?.length, nextToken: answer.nextToken };
    };
    const first = await show({ maxResults: 2 });
    expect(first.count).toBe(2);
    expect(await show({ maxResults: 2, nextToken: first.nextToken })).toEqual({ count: 1 });
    expect(await show({ imageIds: [{ imageTag: "1" }, { imageTag: "4" }] })).toEqual({ count: 1 });
    expect(await show({ filter: { tagStatus: "UNTAGGED" } })).toEqual({ count: 0 });
    await expect(show({ maxResults: 101 })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });
});

describe("advancing the clock", () => {
  const tagsOf = async (imageStatus: "ACTIVE" | "ARCHIVED" = "ACTIVE") => {
    const { imageIds } = await aws.ecr.listImages({ repositoryName, filter: { imageStatus } });
    return imageIds?.map(({ imageTag }) => imageTag).sort();
  };

  beforeEach(async () => {
    aws.service.upstream.set("quay.io", { platforms: ["linux/amd64"] });
    for (const imageTag of ["1", "2", "3", "4"]) {
      await aws.ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag }] });
      aws.service.advanceClock(1000);
    }
  });

  test("expires images and records the evaluation", async () => {
    await aws.ecr.putLifecyclePolicy({
      repositoryName,
      lifecyclePolicyText: lifecyclePolicyOf(rule(any)),
    });
    aws.service.advanceClock(DAY);
    expect(await tagsOf()).toEqual(["2", "3", "4"]);
    const { lastEvaluatedAt } = await aws.ecr.getLifecyclePolicy({ repositoryName });
    expect(lastEvaluatedAt?.getTime()).toBeGreaterThan(Date.now() - 10_000);
  });

  test("archives images, whose pull then fails, and finally expires them", async () => {
    const archived = {
      tagStatus: "any",
      storageClass: "archive",
      countType: "sinceImageTransitioned",
      countUnit: "days",
      countNumber: 90,
    };
    await aws.ecr.putLifecyclePolicy({
      repositoryName,
      lifecyclePolicyText: lifecyclePolicyOf(rule(any, archive), rule(archived, expire, 2)),
    });
    aws.service.advanceClock(DAY / 2);
    expect(await tagsOf()).toEqual(["2", "3", "4"]);
    expect(await tagsOf("ARCHIVED")).toEqual(["1"]);
    const { failures } = await aws.ecr.batchGetImage({
      repositoryName,
      imageIds: [{ imageTag: "1" }],
    });
    expect(failures?.[0]?.failureCode).toBe("ImageInaccessible");
    aws.service.advanceClock(91 * DAY);
    expect(await tagsOf("ARCHIVED")).toEqual([]);
    expect(await tagsOf()).toEqual(["2", "3", "4"]);
  });
});
