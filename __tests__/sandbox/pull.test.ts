import type { CreateRepositoryCreationTemplateRequest } from "@aws-sdk/client-ecr";
import {
  ACCOUNT,
  DAY,
  GOOD_SECRET,
  KEEP_TEN,
  REGION,
  secretArn,
  startTestEcr,
  type TestEcr,
} from "../support/test-ecr";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
  aws.secrets.set(secretArn(), GOOD_SECRET);
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "docker-hub",
    upstreamRegistryUrl: "registry-1.docker.io",
    credentialArn: secretArn(),
  });
});
afterEach(() => aws.stop());

const pull = (repositoryName: string, imageTag = "1") =>
  aws.ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag }] });

async function digestOf(repositoryName: string, imageTag = "1"): Promise<string | undefined> {
  return (await pull(repositoryName, imageTag)).images?.[0]?.imageId?.imageDigest;
}

async function failureOf(repositoryName: string, imageTag = "1"): Promise<string | undefined> {
  return (await pull(repositoryName, imageTag)).failures?.[0]?.failureCode;
}

async function repositoryNames(): Promise<(string | undefined)[]> {
  const { repositories } = await aws.ecr.describeRepositories({});
  return (repositories ?? []).map(({ repositoryName }) => repositoryName);
}

describe("the first pull of an image", () => {
  test("creates the repository and imports the index with all its images", async () => {
    const { images, failures } = await pull("quay/org/app");
    expect(failures).toEqual([]);
    const index = JSON.parse(images?.[0]?.imageManifest ?? "") as {
      manifests: { digest: string; platform: object }[];
    };
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux" },
    ]);
    const { imageDetails } = await aws.ecr.describeImages({ repositoryName: "quay/org/app" });
    expect(imageDetails?.map(({ imageDigest }) => imageDigest).sort()).toEqual(
      [images?.[0]?.imageId?.imageDigest, ...index.manifests.map(({ digest }) => digest)].sort(),
    );
    const [tagged, ...others] = (imageDetails ?? []).sort((left) => (left.imageTags ? -1 : 1));
    expect(tagged).toMatchObject({
      imageTags: ["1"],
      imageManifestMediaType: "application/vnd.oci.image.index.v1+json",
      imageSizeInBytes: Math.max(...others.map(({ imageSizeInBytes = 0 }) => imageSizeInBytes)),
    });
    expect(tagged?.lastRecordedPullTime).toBeInstanceOf(Date);
    expect(
      others.map(({ imageTags, lastRecordedPullTime }) => [imageTags, lastRecordedPullTime]),
    ).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test("returns the same digest for the same name, and different digests for different names", async () => {
    const first = await digestOf("quay/org/app");
    const other = await startTestEcr();
    await other.ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "elsewhere",
      upstreamRegistryUrl: "quay.io",
    });
    const { images } = await other.ecr.batchGetImage({
      repositoryName: "elsewhere/org/app",
      imageIds: [{ imageTag: "1" }],
    });
    await other.stop();
    expect(images?.[0]?.imageId?.imageDigest).toBe(first);
    expect(await digestOf("quay/org/app", "2")).not.toBe(first);
  });

  test("puts an event on the bus", async () => {
    const digest = await digestOf("docker-hub/library/nginx", "1.25");
    expect(aws.events).toEqual([
      {
        resources: [`arn:aws:ecr:${REGION}:${ACCOUNT}:repository/docker-hub/library/nginx`],
        detail: {
          "rule-version": "1",
          "sync-status": "SUCCESS",
          "ecr-repository-prefix": "docker-hub",
          "repository-name": "docker-hub/library/nginx",
          "upstream-registry-url": "registry-1.docker.io",
          "image-tag": "1.25",
          "image-digest": digest,
        },
      },
    ]);
  });

  test("uses the most specific rule, and ROOT where no other applies", async () => {
    await aws.ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "quay/team",
      upstreamRegistryUrl: "registry.k8s.io",
    });
    await aws.ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "ROOT",
      upstreamRegistryUrl: "public.ecr.aws",
    });
    await pull("quay/team/app");
    await pull("quay/teams/app");
    await pull("quayside/app");
    expect(aws.events.map(({ detail }) => detail["upstream-registry-url"])).toEqual([
      "registry.k8s.io",
      "quay.io",
      "public.ecr.aws",
    ]);
  });

  test("adds the upstream prefix to the name", async () => {
    await aws.ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "mine",
      upstreamRegistryUrl: "quay.io",
      upstreamRepositoryPrefix: "org",
    });
    expect(await digestOf("mine/app")).toBe(await digestOf("quay/org/app"));
  });

  test("creates one repository, however many clients pull at once", async () => {
    await Promise.all(["1", "2", "3", "1"].map((tag) => pull("quay/org/app", tag)));
    const { imageIds } = await aws.ecr.listImages({
      repositoryName: "quay/org/app",
      filter: { tagStatus: "TAGGED" },
    });
    expect(imageIds?.map(({ imageTag }) => imageTag).sort()).toEqual(["1", "2", "3"]);
  });

  test("is refused outside every rule's prefix", async () => {
    for (const name of ["other/app", "quay", "quayside/app"]) {
      await expect(pull(name)).rejects.toMatchObject({
        name: "RepositoryNotFoundException",
        message: `The repository with name '${name}' does not exist in the registry with id '${ACCOUNT}'`,
      });
    }
    expect(await repositoryNames()).toEqual([]);
  });

  test("fails by digest, even with a tag, until the tag was pulled", async () => {
    const other = await digestOf("quay/org/twin");
    const byDigest = (imageDigest: string | undefined, imageTag?: string) =>
      aws.ecr.batchGetImage({
        repositoryName: "quay/org/twin",
        imageIds: [{ imageDigest, imageTag }],
      });
    expect((await byDigest(other)).failures).toEqual([]);
    expect((await byDigest(other, "1")).failures).toEqual([]);
    const uncached = `sha256:${"0".repeat(64)}`;
    for (const answer of [await byDigest(uncached), await byDigest(uncached, "1")]) {
      expect(answer.failures?.[0]).toMatchObject({
        failureCode: "ImageNotFound",
        failureReason: "Requested image not found",
      });
    }
    const { failures } = await aws.ecr.batchGetImage({
      repositoryName: "quay/org/new",
      imageIds: [{ imageDigest: uncached }],
    });
    expect(failures?.[0]?.failureCode).toBe("ImageNotFound");
    expect(await repositoryNames()).toEqual(["quay/org/twin"]);
  });

  test("fails for official images of Docker Hub without library/, and for others with it", async () => {
    expect(await failureOf("docker-hub/nginx")).toBe("UpstreamAccessDenied");
    expect(await failureOf("docker-hub/library/grafana/grafana")).toBe("UpstreamAccessDenied");
    expect(await failureOf("docker-hub/library/nginx")).toBeUndefined();
    expect(await failureOf("docker-hub/grafana/grafana")).toBeUndefined();
    expect(await repositoryNames()).toEqual([
      "docker-hub/grafana/grafana",
      "docker-hub/library/nginx",
    ]);
  });

  test.each([
    ["not-found", "ImageNotFound"],
    ["access-denied", "UpstreamAccessDenied"],
    ["too-many-requests", "UpstreamTooManyRequests"],
    ["unavailable", "UpstreamUnavailable"],
  ] as const)("fails where the upstream answers %s, with an event", async (failure, code) => {
    aws.service.upstream.set("docker.io/library/nginx:1", { failure });
    expect(await failureOf("docker-hub/library/nginx")).toBe(code);
    expect(await repositoryNames()).toEqual([]);
    expect(aws.events.map(({ detail }) => detail)).toEqual([
      expect.objectContaining({ "sync-status": "FAILED", "failure-code": code }),
    ]);
    expect(await failureOf("docker-hub/library/nginx", "2")).toBeUndefined();
  });

  test("fails where the secret is deleted", async () => {
    aws.secrets.clear();
    await expect(pull("docker-hub/library/nginx")).rejects.toMatchObject({
      name: "UnableToGetUpstreamImageException",
    });
    expect(await repositoryNames()).toEqual([]);
  });
});

describe("a repository that a pull creates", () => {
  const template = (rest: Partial<CreateRepositoryCreationTemplateRequest>) =>
    aws.ecr.createRepositoryCreationTemplate({
      prefix: "quay",
      appliedFor: ["PULL_THROUGH_CACHE"],
      ...rest,
    });
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/templates`;
  const repositoryPolicy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }],
  });

  test("has the service's defaults without a template", async () => {
    await pull("quay/org/app");
    expect((await aws.ecr.describeRepositories({})).repositories?.[0]).toMatchObject({
      imageTagMutability: "MUTABLE",
      encryptionConfiguration: { encryptionType: "AES256" },
    });
    const repositoryName = "quay/org/app";
    await expect(aws.ecr.getLifecyclePolicy({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyNotFoundException",
    });
    await expect(aws.ecr.getRepositoryPolicy({ repositoryName })).rejects.toMatchObject({
      name: "RepositoryPolicyNotFoundException",
    });
  });

  test("has every setting of the template", async () => {
    aws.roles.set(roleArn, ["ecr.amazonaws.com"]);
    const kmsKey = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0f0f`;
    await template({
      lifecyclePolicy: KEEP_TEN,
      repositoryPolicy,
      resourceTags: [{ Key: "team", Value: "platform" }],
      imageTagMutability: "IMMUTABLE",
      encryptionConfiguration: { encryptionType: "KMS", kmsKey },
      customRoleArn: roleArn,
    });
    await pull("quay/org/app");
    const [repository] = (await aws.ecr.describeRepositories({})).repositories ?? [];
    const repositoryName = "quay/org/app";
    expect(repository).toMatchObject({
      imageTagMutability: "IMMUTABLE",
      encryptionConfiguration: { encryptionType: "KMS", kmsKey },
    });
    expect(await aws.ecr.getLifecyclePolicy({ repositoryName })).toMatchObject({
      lifecyclePolicyText: KEEP_TEN,
    });
    expect(await aws.ecr.getRepositoryPolicy({ repositoryName })).toMatchObject({
      policyText: repositoryPolicy,
    });
    const resourceArn = repository?.repositoryArn;
    expect((await aws.ecr.listTagsForResource({ resourceArn })).tags).toEqual([
      { Key: "team", Value: "platform" },
    ]);
  });

  test("follows the most specific template for pull-through caches", async () => {
    await template({ prefix: "ROOT", imageTagMutability: "IMMUTABLE" });
    await template({ prefix: "quay", lifecyclePolicy: KEEP_TEN });
    await template({ prefix: "quay/org", appliedFor: ["REPLICATION"] });
    await pull("quay/org/app");
    await pull("docker-hub/library/nginx");
    const policyOf = (repositoryName: string) =>
      aws.ecr.getLifecyclePolicy({ repositoryName }).then(
        ({ lifecyclePolicyText }) => lifecyclePolicyText,
        () => undefined,
      );
    expect(await policyOf("quay/org/app")).toBe(KEEP_TEN);
    expect(await policyOf("docker-hub/library/nginx")).toBeUndefined();
    const { repositories } = await aws.ecr.describeRepositories({});
    expect(repositories?.map(({ imageTagMutability }) => imageTagMutability)).toEqual([
      "IMMUTABLE",
      "MUTABLE",
    ]);
  });

  test("stays as it is when the template changes", async () => {
    await pull("quay/org/app");
    await template({ lifecyclePolicy: KEEP_TEN });
    await pull("quay/org/app", "2");
    await expect(
      aws.ecr.getLifecyclePolicy({ repositoryName: "quay/org/app" }),
    ).rejects.toMatchObject({ name: "LifecyclePolicyNotFoundException" });
  });

  test.each<[string, Partial<CreateRepositoryCreationTemplateRequest>, string[] | undefined]>([
    ["tags without a role", { resourceTags: [{ Key: "a", Value: "b" }] }, undefined],
    ["a key without a role", { encryptionConfiguration: { encryptionType: "KMS" } }, undefined],
    ["a role that does not exist", { customRoleArn: roleArn }, undefined],
    [
      "a role that trusts another service",
      { customRoleArn: roleArn },
      ["pullthroughcache.ecr.amazonaws.com"],
    ],
  ])("is not made with %s: the pull finds no repository", async (_, settings, trusted) => {
    if (trusted) aws.roles.set(roleArn, trusted);
    await template(settings);
    await expect(pull("quay/org/app")).rejects.toMatchObject({
      name: "RepositoryNotFoundException",
    });
    expect(await repositoryNames()).toEqual([]);
  });
});

describe("a cached tag", () => {
  const change = () => aws.service.upstream.set("quay.io/org/app:1", { revision: "2" });

  test("is served without asking the upstream for 24 hours", async () => {
    const before = await digestOf("quay/org/app");
    change();
    aws.service.advanceClock(DAY - 60_000);
    expect(await digestOf("quay/org/app")).toBe(before);
    expect(aws.events).toHaveLength(1);
  });

  test("follows the upstream after 24 hours, and the old image loses it", async () => {
    const before = await digestOf("quay/org/app");
    change();
    aws.service.advanceClock(DAY);
    const after = await digestOf("quay/org/app");
    expect(after).not.toBe(before);
    const { imageIds } = await aws.ecr.listImages({ repositoryName: "quay/org/app" });
    expect(imageIds).toContainEqual({ imageDigest: before });
    expect(imageIds).toContainEqual({ imageDigest: after, imageTag: "1" });
    expect(imageIds).toHaveLength(6);
    expect(aws.events).toHaveLength(2);
  });

  test("stays where the upstream has not changed, for another 24 hours", async () => {
    const before = await digestOf("quay/org/app");
    aws.service.advanceClock(DAY);
    expect(await digestOf("quay/org/app")).toBe(before);
    change();
    aws.service.advanceClock(DAY / 2);
    expect(await digestOf("quay/org/app")).toBe(before);
  });

  test("stays if it is immutable", async () => {
    const before = await digestOf("quay/org/app");
    await aws.ecr.putImageTagMutability({
      repositoryName: "quay/org/app",
      imageTagMutability: "IMMUTABLE",
    });
    change();
    aws.service.advanceClock(DAY);
    expect(await digestOf("quay/org/app")).toBe(before);
  });

  test("is still served where the upstream fails or the secret is deleted", async () => {
    const before = await digestOf("docker-hub/library/nginx");
    aws.service.upstream.set("docker.io", { failure: "unavailable" });
    aws.service.advanceClock(DAY);
    expect(await digestOf("docker-hub/library/nginx")).toBe(before);
    aws.secrets.clear();
    expect(await digestOf("docker-hub/library/nginx")).toBe(before);
    expect(aws.events.map(({ detail }) => detail["sync-status"])).toEqual([
      "SUCCESS",
      "FAILED",
      "FAILED",
    ]);
  });

  test("is fetched again once its image was deleted", async () => {
    const before = await digestOf("quay/org/app");
    change();
    await aws.ecr.batchDeleteImage({
      repositoryName: "quay/org/app",
      imageIds: [{ imageTag: "1" }],
    });
    expect(await digestOf("quay/org/app")).not.toBe(before);
  });

  test("has its last pull recorded once a day", async () => {
    const hoursSincePull = async () => {
      await pull("quay/org/app");
      const { imageDetails } = await aws.ecr.describeImages({
        repositoryName: "quay/org/app",
        imageIds: [{ imageTag: "1" }],
      });
      const recorded = imageDetails?.[0]?.lastRecordedPullTime?.getTime() ?? 0;
      return Math.round(((Date.now() - recorded) / DAY) * 24);
    };
    expect(await hoursSincePull()).toBe(0);
    aws.service.advanceClock(DAY / 2);
    expect(await hoursSincePull()).toBe(12);
    aws.service.advanceClock(DAY / 2);
    expect(await hoursSincePull()).toBe(0);
  });
});

test("one call pulls several images and reports those that failed", async () => {
  aws.service.upstream.set("quay.io/org/app:2", { failure: "not-found" });
  const { images, failures } = await aws.ecr.batchGetImage({
    repositoryName: "quay/org/app",
    imageIds: [{ imageTag: "1" }, { imageTag: "2" }, { imageTag: "bad tag" }, {}],
  });
  expect(images?.map(({ imageId }) => imageId?.imageTag)).toEqual(["1"]);
  expect(failures?.map(({ failureCode }) => failureCode)).toEqual([
    "ImageNotFound",
    "InvalidImageTag",
    "MissingDigestAndTag",
  ]);
});

test("an image of one platform is a plain manifest", async () => {
  aws.service.upstream.set("quay.io/org/app", { platforms: ["linux/arm/v7"] });
  const { images } = await pull("quay/org/app");
  expect(images?.[0]?.imageManifestMediaType).toBe("application/vnd.oci.image.manifest.v1+json");
  expect(
    (await aws.ecr.describeImages({ repositoryName: "quay/org/app" })).imageDetails,
  ).toHaveLength(1);
});

test("a repository outside every rule is served as it is", async () => {
  await aws.ecr.createRepository({ repositoryName: "own" });
  await aws.ecr.putImage({
    repositoryName: "own",
    imageTag: "1",
    imageManifest: JSON.stringify({ mediaType: "application/vnd.oci.image.manifest.v1+json" }),
  });
  expect(await failureOf("own", "1")).toBeUndefined();
  expect(await failureOf("own", "2")).toBe("ImageNotFound");
  expect(aws.events).toEqual([]);
});
