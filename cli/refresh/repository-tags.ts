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

/** The tags of one repository. What goes wrong with one that is written is a text: the caller has to go on. */
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

  /** The first tag that is looked for, and its image. */
  async findTag(
    isWanted: (tag: string) => boolean,
  ): Promise<{ readonly tag: string; readonly digest: string } | undefined> {
    const { ecr: client, repositoryName } = this;
    try {
      for await (const { imageIds = [] } of paginateListImages(
        { client, pageSize: PAGE_SIZE },
        { repositoryName, filter: { tagStatus: "TAGGED" } },
      )) {
        for (const { imageTag, imageDigest } of imageIds) {
          if (imageTag !== undefined && imageDigest !== undefined && isWanted(imageTag)) {
            return { tag: imageTag, digest: imageDigest };
          }
        }
      }
      return undefined;
    } catch (error) {
      if (isException(error, "RepositoryNotFoundException")) return undefined;
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
      const isDone = await this.isNow(imageTag, (found) => found?.imageDigest === digest);
      return isDone ? undefined : this.explain(error);
    }
  }

  /**
   * Takes a tag off, or deletes the image of a digest. With its last tag, ECR deletes an image. That there is no such
   * one is what is wanted.
   *
   * @returns What went wrong.
   */
  async remove(id: ImageId): Promise<string | undefined> {
    try {
      const { failures = [] } = await this.ecr.send(
        new BatchDeleteImageCommand({
          repositoryName: this.repositoryName,
          imageIds: [{ ...id }],
        }),
      );
      const failure = failures.find(({ failureCode }) => failureCode !== "ImageNotFound");
      return failure && `${failure.failureCode}: ${failure.failureReason}`;
    } catch (error) {
      if (!isCallError(error)) throw error;
      const isDone = id.imageTag !== undefined && (await this.isNow(id.imageTag, (one) => !one));
      return isDone ? undefined : this.explain(error);
    }
  }

  /** Whether a tag is as it was to be after all: an answer may have been lost, and not the call. */
  private async isNow(
    imageTag: string,
    isWanted: (found: ImageDetail | undefined) => boolean,
  ): Promise<boolean> {
    try {
      return isWanted(await this.find({ imageTag }));
    } catch (error) {
      if (!isCallError(error)) throw error;
      return false;
    }
  }
}
