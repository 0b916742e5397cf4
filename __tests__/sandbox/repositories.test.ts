import { ACCOUNT, KEEP_TEN, REGION, startTestEcr, type TestEcr } from "../support/test-ecr";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
});
afterEach(() => aws.stop());

const manifest = (seed: string, size = 10) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", size, digest: seed },
    layers: [{ size: 20 }, { size: 30 }],
  });

async function push(imageTag: string | undefined, imageManifest: string): Promise<string> {
  const { image } = await aws.ecr.putImage({ repositoryName: "app", imageTag, imageManifest });
  return image?.imageId?.imageDigest ?? "";
}

describe("repositories", () => {
  test("are created with the service's defaults and described in pages", async () => {
    for (const repositoryName of ["c1", "a1", "b1"]) {
      await aws.ecr.createRepository({ repositoryName });
    }
    const first = await aws.ecr.describeRepositories({ maxResults: 2 });
    const second = await aws.ecr.describeRepositories({
      maxResults: 2,
      nextToken: first.nextToken,
    });
    const [repository] = first.repositories ?? [];
    expect(repository).toEqual({
      repositoryArn: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/a1`,
      registryId: ACCOUNT,
      repositoryName: "a1",
      repositoryUri: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/a1`,
      createdAt: repository?.createdAt,
      imageTagMutability: "MUTABLE",
      imageScanningConfiguration: { scanOnPush: false },
      encryptionConfiguration: { encryptionType: "AES256" },
    });
    expect(second.repositories?.map(({ repositoryName }) => repositoryName)).toEqual(["c1"]);
  });

  test("are refused if they exist, and with an invalid name", async () => {
    await aws.ecr.createRepository({ repositoryName: "app" });
    await expect(aws.ecr.createRepository({ repositoryName: "app" })).rejects.toMatchObject({
      name: "RepositoryAlreadyExistsException",
      message: `The repository with name 'app' already exists in the registry with id '${ACCOUNT}'`,
    });
    await expect(aws.ecr.createRepository({ repositoryName: "App" })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  test("are deleted with their images only with `force`", async () => {
    await aws.ecr.createRepository({ repositoryName: "app" });
    await push("1", manifest("1"));
    await expect(aws.ecr.deleteRepository({ repositoryName: "app" })).rejects.toMatchObject({
      name: "RepositoryNotEmptyException",
    });
    await aws.ecr.deleteRepository({ repositoryName: "app", force: true });
    await expect(aws.ecr.describeRepositories({ repositoryNames: ["app"] })).rejects.toMatchObject({
      name: "RepositoryNotFoundException",
      message: `The repository with name 'app' does not exist in the registry with id '${ACCOUNT}'`,
    });
  });

  test("carry tags", async () => {
    const { repository } = await aws.ecr.createRepository({
      repositoryName: "app",
      tags: [{ Key: "a", Value: "1" }],
    });
    const resourceArn = repository?.repositoryArn ?? "";
    await aws.ecr.tagResource({ resourceArn, tags: [{ Key: "b", Value: "2" }] });
    await aws.ecr.untagResource({ resourceArn, tagKeys: ["a"] });
    expect((await aws.ecr.listTagsForResource({ resourceArn })).tags).toEqual([
      { Key: "b", Value: "2" },
    ]);
  });

  test("carry a policy, a lifecycle policy and settings", async () => {
    const repositoryName = "app";
    await aws.ecr.createRepository({ repositoryName });
    await expect(aws.ecr.getRepositoryPolicy({ repositoryName })).rejects.toMatchObject({
      name: "RepositoryPolicyNotFoundException",
    });
    await expect(aws.ecr.getLifecyclePolicy({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyNotFoundException",
      message: `Lifecycle policy does not exist for the repository with name 'app' in the registry with id '${ACCOUNT}'`,
    });
    const policyText = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: ["ecr:BatchGetImage"] }],
    });
    await aws.ecr.setRepositoryPolicy({ repositoryName, policyText });
    await aws.ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText: KEEP_TEN });
    await aws.ecr.putImageTagMutability({ repositoryName, imageTagMutability: "IMMUTABLE" });
    await aws.ecr.putImageScanningConfiguration({
      repositoryName,
      imageScanningConfiguration: { scanOnPush: true },
    });
    expect(await aws.ecr.getRepositoryPolicy({ repositoryName })).toMatchObject({ policyText });
    expect(await aws.ecr.getLifecyclePolicy({ repositoryName })).toMatchObject({
      lifecyclePolicyText: KEEP_TEN,
    });
    expect((await aws.ecr.describeRepositories({})).repositories?.[0]).toMatchObject({
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
    });
    await aws.ecr.deleteRepositoryPolicy({ repositoryName });
    await aws.ecr.deleteLifecyclePolicy({ repositoryName });
    await expect(aws.ecr.deleteRepositoryPolicy({ repositoryName })).rejects.toMatchObject({
      name: "RepositoryPolicyNotFoundException",
    });
    await expect(aws.ecr.deleteLifecyclePolicy({ repositoryName })).rejects.toMatchObject({
      name: "LifecyclePolicyNotFoundException",
    });
  });
});

describe("images", () => {
  beforeEach(() => aws.ecr.createRepository({ repositoryName: "app" }));

  test("are listed by tag and described by digest, with their size", async () => {
    const one = await push("1", manifest("1"));
    await aws.ecr.putImage({
      repositoryName: "app",
      imageTag: "latest",
      imageManifest: manifest("1"),
    });
    const two = await push(undefined, manifest("2", 11));

    const { imageIds } = await aws.ecr.listImages({ repositoryName: "app" });
    expect(imageIds).toHaveLength(3);
    expect(imageIds).toEqual(
      expect.arrayContaining([
        { imageDigest: one, imageTag: "1" },
        { imageDigest: one, imageTag: "latest" },
        { imageDigest: two },
      ]),
    );
    const untagged = await aws.ecr.describeImages({
      repositoryName: "app",
      filter: { tagStatus: "UNTAGGED" },
    });
    expect(untagged.imageDetails).toEqual([
      {
        registryId: ACCOUNT,
        repositoryName: "app",
        imageDigest: two,
        imageSizeInBytes: 61,
        imagePushedAt: untagged.imageDetails?.[0]?.imagePushedAt,
        imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactMediaType: "application/vnd.oci.image.config.v1+json",
        imageStatus: "ACTIVE",
      },
    ]);
  });

  test("are listed and described in pages", async () => {
    for (const tag of ["1", "2", "3"]) await push(tag, manifest(tag));
    const first = await aws.ecr.listImages({ repositoryName: "app", maxResults: 2 });
    const second = await aws.ecr.listImages({
      repositoryName: "app",
      maxResults: 2,
      nextToken: first.nextToken,
    });
    const listed = [...(first.imageIds ?? []), ...(second.imageIds ?? [])];
    expect(listed.map(({ imageTag }) => imageTag).sort()).toEqual(["1", "2", "3"]);
    const described = await aws.ecr.describeImages({ repositoryName: "app", maxResults: 2 });
    expect(described.imageDetails).toHaveLength(2);
    expect(described.nextToken).toBeDefined();
  });

  test("are described by id, or reported as not found", async () => {
    const one = await push("1", manifest("1"));
    await push("2", manifest("2"));
    const { imageDetails } = await aws.ecr.describeImages({
      repositoryName: "app",
      imageIds: [{ imageTag: "1" }, { imageDigest: one }],
    });
    expect(imageDetails?.map(({ imageDigest }) => imageDigest)).toEqual([one]);
    await expect(
      aws.ecr.describeImages({ repositoryName: "app", imageIds: [{ imageTag: "3" }] }),
    ).rejects.toMatchObject({
      name: "ImageNotFoundException",
      message: `The image with imageId {imageDigest:'null', imageTag:'3'} does not exist within the repository with name 'app' in the registry with id '${ACCOUNT}'`,
    });
  });

  test("lose a tag that another image gets", async () => {
    const one = await push("latest", manifest("1"));
    const two = await push("latest", manifest("2"));
    const { imageIds } = await aws.ecr.listImages({ repositoryName: "app" });
    expect(imageIds).toHaveLength(2);
    expect(imageIds).toEqual(
      expect.arrayContaining([{ imageDigest: one }, { imageDigest: two, imageTag: "latest" }]),
    );
  });

  test("keep an immutable tag", async () => {
    await aws.ecr.putImageTagMutability({
      repositoryName: "app",
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filter: "dev-*", filterType: "WILDCARD" }],
    });
    await push("1", manifest("1"));
    await push("dev-1", manifest("2"));
    await push("dev-1", manifest("3"));
    await expect(push("1", manifest("4"))).rejects.toMatchObject({
      name: "ImageTagAlreadyExistsException",
    });
  });

  test("are refused if they exist, with another digest, and as an index of missing images", async () => {
    const one = await push("1", manifest("1"));
    await expect(push("1", manifest("1"))).rejects.toMatchObject({
      name: "ImageAlreadyExistsException",
      message: `Image with digest '${one}' and tag '1' already exists in the repository with name 'app' in registry with id '${ACCOUNT}'`,
    });
    await expect(
      aws.ecr.putImage({
        repositoryName: "app",
        imageManifest: manifest("2"),
        imageDigest: one,
      }),
    ).rejects.toMatchObject({ name: "ImageDigestDoesNotMatchException" });
    const index = JSON.stringify({
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [{ digest: "sha256:00" }],
    });
    await expect(push("2", index)).rejects.toMatchObject({
      name: "ReferencedImagesNotFoundException",
    });
    await expect(push("2", "manifest")).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  test("are deleted with their last tag, or by their digest", async () => {
    const one = await push("1", manifest("1"));
    await aws.ecr.putImage({
      repositoryName: "app",
      imageTag: "latest",
      imageManifest: manifest("1"),
    });
    const two = await push("2", manifest("2"));
    const delete_ = (...imageIds: object[]) =>
      aws.ecr.batchDeleteImage({ repositoryName: "app", imageIds });

    expect(await delete_({ imageTag: "latest" })).toMatchObject({
      imageIds: [{ imageDigest: one, imageTag: "latest" }],
      failures: [],
    });
    expect((await aws.ecr.listImages({ repositoryName: "app" })).imageIds).toHaveLength(2);
    await delete_({ imageTag: "1" }, { imageDigest: two });
    expect((await aws.ecr.listImages({ repositoryName: "app" })).imageIds).toEqual([]);
  });

  test("are archived and restored", async () => {
    await push("1", manifest("1"));
    const store = (targetStorageClass: "ARCHIVE" | "STANDARD", imageTag = "1") =>
      aws.ecr.updateImageStorageClass({
        repositoryName: "app",
        imageId: { imageTag },
        targetStorageClass,
      });
    const pulled = async () => {
      const { failures } = await aws.ecr.batchGetImage({
        repositoryName: "app",
        imageIds: [{ imageTag: "1" }],
      });
      return failures?.map(({ failureCode }) => failureCode);
    };
    expect(await store("ARCHIVE")).toMatchObject({ imageStatus: "ARCHIVED" });
    expect(await pulled()).toEqual(["ImageInaccessible"]);
    expect(await store("STANDARD")).toMatchObject({ imageStatus: "ACTIVE" });
    expect(await pulled()).toEqual([]);
    const { imageDetails } = await aws.ecr.describeImages({ repositoryName: "app" });
    expect(imageDetails?.[0]?.lastActivatedAt).toBeInstanceOf(Date);
    await expect(store("ARCHIVE", "2")).rejects.toMatchObject({ name: "ImageNotFoundException" });
  });

  test("are not deleted while an index lists them, or where none is named", async () => {
    const child = await push(undefined, manifest("1"));
    const index = await push(
      "1",
      JSON.stringify({
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [{ digest: child }],
      }),
    );
    const { imageIds, failures } = await aws.ecr.batchDeleteImage({
      repositoryName: "app",
      imageIds: [{ imageDigest: child }, { imageTag: "9" }, {}, { imageDigest: "1" }],
    });
    expect(imageIds).toEqual([]);
    expect(failures?.map(({ failureCode, failureReason }) => [failureCode, failureReason])).toEqual(
      [
        [
          "ImageReferencedByManifestList",
          `Requested image referenced by manifest list: [${index}]`,
        ],
        ["ImageNotFound", "Requested image not found"],
        ["MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"],
        [
          "InvalidImageDigest",
          "Invalid request parameters: image digest should satisfy the regex '^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$'",
        ],
      ],
    );
    await expect(
      aws.ecr.batchDeleteImage({ repositoryName: "app", imageIds: [] }),
    ).rejects.toMatchObject({ name: "InvalidParameterException" });
  });
});
