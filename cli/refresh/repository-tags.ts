import {
  BatchDeleteImageCommand,
  DescribeImagesCommand,
  type ECRClient,
  type ImageDetail,
  paginateListImages,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { isCallError, isException } from "../../registry/aws/errors";
import type { ExplainError, PulledManifest } from "../../registry/pull";

/** The most that ECR puts on one page of ListImages. */
const PAGE_SIZE = 1_000;

/** A digest, or a tag. */
export type ImageId =
  | { readonly imageTag: string; readonly imageDigest?: never }
  | { readonly imageDigest: string; readonly imageTag?: never };

/** The tags of one repository. A failure to write one is returned as a message, because the caller has to continue. */
export class RepositoryTags {
  constructor(
    private readonly ecr: ECRClient,
    readonly repositoryName: string,
    private readonly explain: ExplainError,
  ) {}

  /** The image of a tag or digest; undefined if there is none. Unlike a pull, it makes ECR fetch and record nothing. */
  async find(id: ImageId): Promise<ImageDetail | undefined> {
    try {
      const { imageDetails = [] } = await this.ecr.send(
        new DescribeImagesCommand({ repositoryName: this.repositoryName, imageIds: [{ ...id }] }),
      );
      return imageDetails[0];
    } catch (error) {
      if (
        isException(error, "ImageNotFoundException") ||
        isException(error, "RepositoryNotFoundException")
      ) {
        return undefined;
      }
      throw error;
    }
  }

  /** The tags that are looked for, with the digests of their images. */
  async tagsThat(
    isWanted: (tag: string) => boolean,
  ): Promise<{ readonly tag: string; readonly digest: string }[]> {
    const { ecr: client, repositoryName } = this;
    const tags: { tag: string; digest: string }[] = [];
    try {
      for await (const { imageIds = [] } of paginateListImages(
        { client, pageSize: PAGE_SIZE },
        { repositoryName, filter: { tagStatus: "TAGGED" } },
      )) {
        for (const { imageTag: tag, imageDigest: digest } of imageIds) {
          if (tag !== undefined && digest !== undefined && isWanted(tag))
            tags.push({ tag, digest });
        }
      }
      return tags;
    } catch (error) {
      if (isException(error, "RepositoryNotFoundException")) return [];
      throw error;
    }
  }

  /** Gives an image that the repository holds a tag, which another one may have had. @returns What went wrong. */
  async put(
    { digest, manifest, mediaType }: PulledManifest,
    imageTag: string,
  ): Promise<string | undefined> {
    try {
      await this.ecr.send(
        new PutImageCommand({
          repositoryName: this.repositoryName,
          imageManifest: manifest,
          imageManifestMediaType: mediaType,
          imageDigest: digest,
          imageTag,
        }),
      );
      return undefined;
    } catch (error) {
      // It has the tag already.
      if (isException(error, "ImageAlreadyExistsException")) return undefined;
      if (!isCallError(error)) throw error;
      const isDone = await this.isNow({ imageTag }, (found) => found?.imageDigest === digest);
      return isDone ? undefined : this.explain(error);
    }
  }

  /** Deletes images by their digests. That one is not there is what is wanted. @returns What went wrong. */
  async deleteImages(digests: readonly string[]): Promise<string | undefined> {
    const { problem } = await this.batchDelete(digests.map((imageDigest) => ({ imageDigest })));
    if (problem === undefined) return undefined;
    for (const imageDigest of digests) {
      if (!(await this.isNow({ imageDigest }, (found) => !found))) return problem;
    }
    return undefined;
  }

  /**
   * Removes a tag from its image. With its last tag, ECR deletes an image. That there is no such tag is what is wanted.
   *
   * @returns What went wrong, or the digest of the image that had the tag, if ECR has said it.
   */
  async removeTag(
    imageTag: string,
  ): Promise<{ readonly problem?: string; readonly digest?: string }> {
    const { problem, digest } = await this.batchDelete([{ imageTag }]);
    if (problem === undefined) return { ...(digest !== undefined && { digest }) };
    return (await this.isNow({ imageTag }, (found) => !found)) ? {} : { problem };
  }

  private async batchDelete(
    imageIds: readonly ImageId[],
  ): Promise<{ readonly problem?: string; readonly digest?: string }> {
    try {
      const { repositoryName } = this;
      const { failures = [], imageIds: deleted = [] } = await this.ecr.send(
        new BatchDeleteImageCommand({
          repositoryName,
          imageIds: imageIds.map((id) => ({ ...id })),
        }),
      );
      const failure = failures.find(({ failureCode }) => failureCode !== "ImageNotFound");
      if (failure) return { problem: `${failure.failureCode}: ${failure.failureReason}` };
      const digest = deleted[0]?.imageDigest;
      return { ...(digest !== undefined && { digest }) };
    } catch (error) {
      if (!isCallError(error)) throw error;
      return { problem: this.explain(error) };
    }
  }

  /** Whether an image is as it was to be after all: an answer may have been lost, and not the call. */
  private async isNow(
    id: ImageId,
    isWanted: (found: ImageDetail | undefined) => boolean,
  ): Promise<boolean> {
    try {
      return isWanted(await this.find(id));
    } catch (error) {
      if (!isCallError(error)) throw error;
      return false;
    }
  }
}
