import { DOCKER_HUB_LIMITS } from "../../ecr/docker-hub-limits";
import type { CachedImage } from "../../registry/cached-image";
import { isIndexMediaType } from "../../registry/media-types";
import type { CostJson } from "./json";

/*
 * What pulls of Docker Hub's images mean for its limits.
 */

/** What is known about the pulls of Docker Hub's images. */
export type DockerHubQuota = Omit<CostJson["dockerHub"][number], "region">;

/** Pulls from the cache as CloudWatch counted them. */
export type PullCount = NonNullable<DockerHubQuota["pulls"]>;

/** Adds up the pulls of windows of 6 hours. */
export function countPulls(windows: readonly number[], days: number): PullCount {
  const over = (limit: number) => windows.filter((pulls) => pulls > limit).length;
  return {
    days,
    total: windows.reduce((sum, pulls) => sum + pulls, 0),
    busiestWindow: Math.max(0, ...windows),
    windowsOver: {
      anonymous: over(DOCKER_HUB_LIMITS.anonymous),
      personal: over(DOCKER_HUB_LIMITS.personal),
    },
  };
}

/**
 * The pulls that Docker Hub counts if ECR compares every tag of a repository and finds it moved: ECR imports an index with all
 * of its images, and "a pull for a multi-arch image will count as one pull for each different architecture"
 * (https://docs.docker.com/docker-hub/usage/pulls/). What an index lists is only in its manifest, which takes a pull to read:
 * the images without a tag are divided among the indexes.
 */
export function dailyPulls(images: readonly CachedImage[]): number {
  const isIndex = ({ mediaType }: CachedImage) => isIndexMediaType(mediaType);
  const indexes = images.filter(isIndex).length;
  const listed = images.filter(
    (image) => !isIndex(image) && image.tags.length === 0 && image.subject === undefined,
  ).length;
  const ofIndex = Math.max(1, Math.ceil(listed / Math.max(1, indexes)));
  return images.reduce((sum, image) => sum + image.tags.length * (isIndex(image) ? ofIndex : 1), 0);
}
