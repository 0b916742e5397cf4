import { BatchDeleteImageCommand, type ECRClient } from "@aws-sdk/client-ecr";
import { RESCUE_TAG_START } from "./rescue-tag";
import { DAY_MS } from "../ecr/day";
import { isException } from "./aws/errors";
import { type CachedImage, lastUsedAt } from "./cached-image";
import { isIndexMediaType } from "./media-types";
import { MAX_BATCH } from "./pull";

/*
 * Deleting what nobody pulls. ECR's lifecycle policies can't: they expire by age and count only
 * (https://github.com/aws/containers-roadmap/issues/2728).
 */

/** What is pruned. */
export interface PruneOptions {
  /** An image is pruned that nobody has pulled for this many days. */
  readonly unpulledForDays: number;
  /** Images with a tag, and indexes, that stay in each repository whatever their age: those that were used last. */
  readonly keepAtLeast: number;
}

/**
 * Whether an image is pulled by its name, and not as a part of an index or for what it refers to, as far as that can be
 * told without a pull.
 */
function isNamed({ tags, mediaType, subject }: CachedImage): boolean {
  return subject === undefined && (tags.length > 0 || isIndexMediaType(mediaType));
}

/**
 * The images of one repository to prune, indexes first. Among them may be images that an index in use lists: ECR records
 * no pulls for these, and reading the index to find out would be recorded as a pull of it. ECR itself refuses to delete
 * them, so that `deleteImages` keeps them.
 *
 * An image with a rescue tag of `refresh` is never pruned, and a signature or the like not before its image.
 *
 * @param images All of a repository's.
 */
export function staleImages(
  images: readonly CachedImage[],
  { unpulledForDays, keepAtLeast }: PruneOptions,
  now: Date,
): readonly CachedImage[] {
  const latest = now.getTime() - unpulledForDays * DAY_MS;
  const byUse = [...images].sort((a, b) => lastUsedAt(b).getTime() - lastUsedAt(a).getTime());
  const named = byUse.filter(isNamed);
  const kept = new Set((named.length > 0 ? named : byUse).slice(0, keepAtLeast));
  const stale = byUse.filter(
    (image) =>
      lastUsedAt(image).getTime() < latest &&
      !kept.has(image) &&
      !image.tags.some((tag) => tag.startsWith(RESCUE_TAG_START)),
  );
  const goes = new Set(stale.map(({ digest }) => digest));
  const stays = new Set(images.map(({ digest }) => digest).filter((digest) => !goes.has(digest)));
  const pruned = stale.filter(({ subject }) => subject === undefined || !stays.has(subject));
  const isIndex = ({ mediaType }: CachedImage) => isIndexMediaType(mediaType);
  return [...pruned.filter(isIndex), ...pruned.filter((image) => !isIndex(image))];
}

/** What became of images that were to be deleted. */
export interface DeletedImages {
  readonly deleted: readonly CachedImage[];
  /** Those that an index in the repository lists. */
  readonly inUse: readonly CachedImage[];
  readonly failed: readonly { readonly image: CachedImage; readonly reason: string }[];
  /** Whether none is left because of `shouldStop`. */
  readonly isComplete: boolean;
}

/**
 * Deletes images of one repository with all their tags, in the order given. One that is gone already counts as deleted.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
 *
 * @param images Indexes before what they list: ECR refuses to delete an image that an index lists.
 * @param shouldStop Asked before each call; true leaves the rest.
 */
export async function deleteImages(
  ecr: ECRClient,
  repositoryName: string,
  images: readonly CachedImage[],
  shouldStop: () => boolean = () => false,
): Promise<DeletedImages> {
  const deleted: CachedImage[] = [];
  const inUse: CachedImage[] = [];
  const failed: { image: CachedImage; reason: string }[] = [];
  for (let start = 0; start < images.length; start += MAX_BATCH) {
    if (shouldStop()) return { deleted, inUse, failed, isComplete: false };
    const batch = images.slice(start, start + MAX_BATCH);
    const failures = await deleteBatch(ecr, repositoryName, batch);
    for (const image of batch) {
      const failure = failures.get(image.digest);
      if (failure === undefined || failure.code === "ImageNotFound") deleted.push(image);
      else if (failure.code === "ImageReferencedByManifestList") inUse.push(image);
      else failed.push({ image, reason: `${failure.code}: ${failure.reason}` });
    }
  }
  return { deleted, inUse, failed, isComplete: true };
}

interface Failure {
  readonly code: string;
  readonly reason: string;
}

async function deleteBatch(
  ecr: ECRClient,
  repositoryName: string,
  batch: readonly CachedImage[],
): Promise<ReadonlyMap<string, Failure>> {
  try {
    const { failures = [] } = await ecr.send(
      new BatchDeleteImageCommand({
        repositoryName,
        imageIds: batch.map(({ digest }) => ({ imageDigest: digest })),
      }),
    );
    return new Map(
      failures.map(({ imageId, failureCode = "", failureReason = "" }) => [
        imageId?.imageDigest ?? "",
        { code: failureCode, reason: failureReason },
      ]),
    );
  } catch (error) {
    if (isException(error, "RepositoryNotFoundException")) return new Map();
    throw error;
  }
}
