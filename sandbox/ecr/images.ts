import type {
  BatchDeleteImageRequest,
  BatchDeleteImageResponse,
  DescribeImagesRequest,
  DescribeImagesResponse,
  ImageDetail,
  ImageFailure,
  ImageIdentifier,
  ImageStatusFilter,
  ListImagesRequest,
  ListImagesResponse,
  TagStatus,
  UpdateImageStorageClassRequest,
  UpdateImageStorageClassResponse,
} from "@aws-sdk/client-ecr";
import type { Action } from "./context";
import { EcrException, invalidParameter, oneOf, required } from "./exceptions";
import { archiveImage, removeImage } from "./lifecycle-evaluation";
import { page } from "./paging";
import { findRepository } from "./repositories";
import type { Registry, Repository, StoredImage } from "./state";

const DIGEST = /^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/;
const MAX_IDS = 100;

/** The image with a tag. */
export function imageTagged(repository: Repository, tag: string): StoredImage | undefined {
  return [...repository.images.values()].find(({ tags }) => tags.has(tag));
}

/** Moves a tag to an image; the one that had it keeps its other tags, or is untagged from now on. */
export function moveTag(repository: Repository, tag: string, image: StoredImage): void {
  imageTagged(repository, tag)?.tags.delete(tag);
  image.tags.add(tag);
}

/** Whether a tag that exists can never be moved. */
export function isImmutable(repository: Repository, tag: string): boolean {
  const { imageTagMutability, imageTagMutabilityExclusionFilters: filters = [] } = repository;
  const excluded = filters.some(({ filter = "" }) =>
    new RegExp(`^${filter.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(tag),
  );
  switch (imageTagMutability) {
    case "IMMUTABLE":
      return true;
    case "IMMUTABLE_WITH_EXCLUSION":
      return !excluded;
    case "MUTABLE_WITH_EXCLUSION":
      return excluded;
    case "MUTABLE":
      return false;
  }
}

/** The image that an id names, or the API's `ImageFailure`. */
export type Found =
  | { readonly image: StoredImage; readonly failure?: undefined }
  | { readonly failure: ImageFailure };

export function imageFailure(
  imageId: ImageIdentifier,
  failureCode: NonNullable<ImageFailure["failureCode"]>,
  failureReason: string,
): { readonly failure: ImageFailure } {
  return { failure: { imageId, failureCode, failureReason } };
}

/** Why an id is invalid, whatever the repository contains. */
export function malformedId(imageId: ImageIdentifier): ReturnType<typeof imageFailure> | undefined {
  const { imageDigest, imageTag } = imageId;
  if (imageDigest === undefined && imageTag === undefined) {
    return imageFailure(
      imageId,
      "MissingDigestAndTag",
      "Invalid request parameters: both tag and digest cannot be null",
    );
  }
  if (imageDigest !== undefined && !DIGEST.test(imageDigest)) {
    return imageFailure(
      imageId,
      "InvalidImageDigest",
      `Invalid request parameters: image digest should satisfy the regex '${DIGEST.source}'`,
    );
  }
  if (imageTag !== undefined && !TAG.test(imageTag)) {
    return imageFailure(
      imageId,
      "InvalidImageTag",
      `Invalid request parameters: image tag should satisfy the regex '${TAG.source}'`,
    );
  }
  return undefined;
}

/** The image that an id names in a repository. */
export function findImage(repository: Repository | undefined, imageId: ImageIdentifier): Found {
  const malformed = malformedId(imageId);
  if (malformed) return malformed;
  const { imageDigest, imageTag } = imageId;
  const byTag =
    repository && imageTag !== undefined ? imageTagged(repository, imageTag) : undefined;
  const image = imageDigest === undefined ? byTag : repository?.images.get(imageDigest);
  if (!image) return imageFailure(imageId, "ImageNotFound", "Requested image not found");
  if (imageTag !== undefined && byTag !== image) {
    return imageFailure(
      imageId,
      "ImageTagDoesNotMatchDigest",
      `Image digest '${imageDigest}' does not match tag '${imageTag}'`,
    );
  }
  return { image };
}

function imageNotFound(
  { imageDigest, imageTag }: ImageIdentifier,
  repository: Repository,
  { account }: Registry,
): EcrException {
  const id = `{imageDigest:'${imageDigest ?? "null"}', imageTag:'${imageTag ?? "null"}'}`;
  return new EcrException(
    "ImageNotFoundException",
    `The image with imageId ${id} does not exist within the repository with name '${repository.name}' in the registry with id '${account}'`,
  );
}

interface Filter {
  readonly tagStatus?: TagStatus;
  readonly imageStatus?: ImageStatusFilter;
}

function matches({ tagStatus, imageStatus = "ACTIVE" }: Filter, image: StoredImage): boolean {
  if (tagStatus === "TAGGED" && image.tags.size === 0) return false;
  if (tagStatus === "UNTAGGED" && image.tags.size > 0) return false;
  return imageStatus === "ANY" || image.status === imageStatus;
}

export const listImages: Action<ListImagesRequest, ListImagesResponse> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const ids = [...repository.images.values()]
    .filter((image) => matches(input.filter ?? {}, image))
    .flatMap(({ digest, tags }): ImageIdentifier[] =>
      tags.size === 0
        ? [{ imageDigest: digest }]
        : [...tags].map((imageTag) => ({ imageDigest: digest, imageTag })),
    );
  const { items, nextToken } = page(
    ids,
    ({ imageDigest, imageTag }) => `${imageDigest}:${imageTag ?? ""}`,
    input,
  );
  return { imageIds: items, nextToken };
};

function detailOf(image: StoredImage, repository: Repository, registry: Registry): ImageDetail {
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(image.tags.size > 0 && { imageTags: [...image.tags] }),
    imageSizeInBytes: image.sizeInBytes,
    imagePushedAt: image.pushedAt,
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.artifactMediaType,
    subjectManifestDigest: image.subject,
    lastRecordedPullTime: image.lastPulledAt,
    imageStatus: image.status,
    lastArchivedAt: image.lastArchivedAt,
    lastActivatedAt: image.lastActivatedAt,
  };
}

export const describeImages: Action<DescribeImagesRequest, DescribeImagesResponse> = (
  input,
  context,
) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const images = input.imageIds?.length
    ? input.imageIds.map((id) => {
        const found = findImage(repository, id);
        if (found.failure) throw imageNotFound(id, repository, registry);
        return found.image;
      })
    : [...repository.images.values()].filter((image) => matches(input.filter ?? {}, image));
  const { items, nextToken } = page(new Set(images), ({ digest }) => digest, input);
  return {
    imageDetails: items.map((image) => detailOf(image, repository, registry)),
    nextToken,
  };
};

/** Deleting a tag removes it from its image, and deleting the last one deletes the image; deleting a digest deletes the image with all its tags. */
function deleteImage(repository: Repository, imageId: ImageIdentifier): Found {
  const found = findImage(repository, imageId);
  if (found.failure) return found;
  const { image } = found;
  const { imageTag, imageDigest } = imageId;
  if (imageTag !== undefined && imageDigest === undefined && image.tags.size > 1) {
    image.tags.delete(imageTag);
    repository.validatedAt.delete(imageTag);
    return found;
  }
  const indexes = [...repository.images.values()].filter(({ children }) =>
    children.includes(image.digest),
  );
  if (indexes.length > 0) {
    return imageFailure(
      imageId,
      "ImageReferencedByManifestList",
      `Requested image referenced by manifest list: [${indexes.map(({ digest }) => digest).join(", ")}]`,
    );
  }
  removeImage(repository, image);
  return found;
}

export const batchDeleteImage: Action<BatchDeleteImageRequest, BatchDeleteImageResponse> = (
  input,
  context,
) => {
  const repository = findRepository(input.repositoryName, context);
  const imageIds: ImageIdentifier[] = [];
  const failures: ImageFailure[] = [];
  for (const id of checkIds(input.imageIds)) {
    const tags = findImage(repository, id).failure ? [] : taggedIds(repository, id);
    const { failure } = deleteImage(repository, id);
    if (failure) failures.push(failure);
    else imageIds.push(...tags);
  }
  return { imageIds, failures };
};

/** What is deleted with an id: each tag with its digest. */
function taggedIds(repository: Repository, id: ImageIdentifier): ImageIdentifier[] {
  const found = findImage(repository, id);
  if (found.failure) return [];
  const { digest, tags } = found.image;
  if (id.imageTag !== undefined) return [{ imageDigest: digest, imageTag: id.imageTag }];
  return tags.size === 0
    ? [{ imageDigest: digest }]
    : [...tags].map((imageTag) => ({ imageDigest: digest, imageTag }));
}

/** `imageIds` of the batch actions: 1 to 100. */
export function checkIds(ids: ImageIdentifier[] | undefined): ImageIdentifier[] {
  const given = required(ids, "imageIds");
  if (given.length < 1 || given.length > MAX_IDS) {
    throw invalidParameter("imageIds", `Member must have length between 1 and ${MAX_IDS}`);
  }
  return given;
}

/**
 * Archives or restores an image; here a restore takes no time.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html
 */
export const updateImageStorageClass: Action<
  UpdateImageStorageClassRequest,
  UpdateImageStorageClassResponse
> = (input, context) => {
  const { registry, now } = context;
  const repository = findRepository(input.repositoryName, context);
  const imageId = required(input.imageId, "imageId");
  const target = required(input.targetStorageClass, "targetStorageClass");
  oneOf(target, "targetStorageClass", ["ARCHIVE", "STANDARD"]);
  const found = findImage(repository, imageId);
  if (found.failure) throw imageNotFound(imageId, repository, registry);
  const { image } = found;
  if (target === "ARCHIVE" && image.status === "ACTIVE") archiveImage(image, now);
  if (target === "STANDARD" && image.status === "ARCHIVED") {
    image.status = "ACTIVE";
    image.lastActivatedAt = now;
  }
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    imageId: { ...imageId, imageDigest: image.digest },
    imageStatus: image.status,
  };
};
