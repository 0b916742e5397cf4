import type { ImageDetail, ImageStatus } from "@aws-sdk/client-ecr";
import { isIndexMediaType } from "./media-types";

/** An image in the cache: one manifest, or an index of manifests. */
export interface CachedImage {
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
  /** The compressed layers; of an index, the largest of its images, which are in the repository themselves. */
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** The digest of the image that a signature, SBOM or the like refers to. */
  readonly subject?: string;
  /** When ECR stored it first: not when the upstream published it. */
  readonly pushedAt: Date;
  /** The last pull that ECR recorded, which it does once a day at the most, and not for what an index refers to. */
  readonly lastPulledAt?: Date;
  readonly status: ImageStatus;
  readonly lastArchivedAt?: Date;
  readonly lastActivatedAt?: Date;
}

/** Of the few media types that there are, one text each, however many images have it. */
const mediaTypes = new Map<string, string>();

function shared(mediaType: string): string {
  const known = mediaTypes.get(mediaType);
  if (known !== undefined) return known;
  mediaTypes.set(mediaType, mediaType);
  return mediaType;
}

/** What ECR says of an image. */
export function toCachedImage(repository: string, detail: ImageDetail): CachedImage {
  return {
    repository,
    digest: detail.imageDigest ?? "",
    tags: detail.imageTags ?? [],
    sizeBytes: detail.imageSizeInBytes ?? 0,
    mediaType: shared(detail.imageManifestMediaType ?? ""),
    ...(detail.subjectManifestDigest && { subject: detail.subjectManifestDigest }),
    pushedAt: detail.imagePushedAt ?? new Date(0),
    ...(detail.lastRecordedPullTime && { lastPulledAt: detail.lastRecordedPullTime }),
    status: detail.imageStatus ?? "ACTIVE",
    ...(detail.lastArchivedAt && { lastArchivedAt: detail.lastArchivedAt }),
    ...(detail.lastActivatedAt && { lastActivatedAt: detail.lastActivatedAt }),
  };
}

/**
 * What an image adds to what is stored. An index adds nothing: ECR gives it the size of its largest image, and each of
 * its images is counted by itself.
 */
export function storedBytes({ mediaType, sizeBytes }: CachedImage): number {
  return isIndexMediaType(mediaType) ? 0 : sizeBytes;
}

/** What images add to what is stored. */
export function totalBytes(images: readonly CachedImage[]): number {
  return images.reduce((sum, image) => sum + storedBytes(image), 0);
}

/**
 * The time before which a tag's last comparison with the upstream can't have been, or undefined where nothing is known.
 *
 * ECR compares a tag at a pull, if the last time is more than 24 hours ago, and does not report when that was. What is known:
 * an image that has a tag was fetched for one, so its upstream was asked no earlier than when it was stored.
 */
export function upstreamCheckNotBefore({ tags, pushedAt }: CachedImage): Date | undefined {
  return tags.length > 0 ? pushedAt : undefined;
}

/**
 * When an image was used last, by what ECR records: at most once a day, and not for what an index lists. An image that
 * was never pulled counts from when it was stored, a restored one from when it was restored, as in lifecycle policies.
 */
export function lastUsedAt({ pushedAt, lastPulledAt, lastActivatedAt }: CachedImage): Date {
  return [lastPulledAt, lastActivatedAt].reduce<Date>(
    (latest, date) => (date && date > latest ? date : latest),
    pushedAt,
  );
}
