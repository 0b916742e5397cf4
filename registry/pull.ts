import {
  BatchGetImageCommand,
  type ECRClient,
  type Image,
  type ImageIdentifier,
} from "@aws-sdk/client-ecr";
import { isCallError } from "./aws/errors";
import { MANIFEST_MEDIA_TYPES } from "./media-types";

/*
 * Pulls of manifests, which is what makes ECR fetch an image from its upstream.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */

/** The most that ECR takes in one BatchGetImage or BatchDeleteImage. */
export const MAX_BATCH = 100;

/** A manifest as the cache holds it. */
export interface PulledManifest {
  readonly digest: string;
  readonly manifest: string;
  readonly mediaType?: string;
}

/** Why there is no manifest. */
export interface PullProblem {
  readonly problem: string;
  /** Whether the upstream, or ECR's way to it, may well give the image a little later. */
  readonly isTransient: boolean;
}

export type Pulled = PulledManifest | PullProblem;

export function isProblem(pulled: Pulled): pulled is PullProblem {
  return "problem" in pulled;
}

/** Errors of calls as a user reads them. */
export type ExplainError = (error: unknown) => string;

/** Failures that a pull through the cache has while the upstream, or ECR's way to it, is in trouble. */
const TRANSIENT_FAILURES: readonly string[] = [
  "ImageNotFound",
  "UpstreamTooManyRequests",
  "UpstreamUnavailable",
  "UpstreamAccessDenied",
];

/** Exceptions of BatchGetImage about the upstream. */
const TRANSIENT_EXCEPTIONS: readonly string[] = [
  "UnableToGetUpstreamImageException",
  // What a pull sees where ECR could not make the repository (yet).
  "RepositoryNotFoundException",
];

function toPulled(image: Image): PulledManifest {
  return {
    digest: image.imageId?.imageDigest ?? "",
    manifest: image.imageManifest ?? "",
    ...(image.imageManifestMediaType && { mediaType: image.imageManifestMediaType }),
  };
}

/**
 * Pulls one manifest, once. By its tag, ECR fetches it where it is not cached, or was not compared for 24 hours; by its
 * digest, ECR gives only what it has.
 */
export async function pullManifest(
  ecr: ECRClient,
  repositoryName: string,
  imageId: ImageIdentifier,
  explain: ExplainError,
): Promise<Pulled> {
  try {
    const { images = [], failures = [] } = await ecr.send(
      new BatchGetImageCommand({
        repositoryName,
        imageIds: [imageId],
        acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
      }),
    );
    const [image] = images;
    if (image) return toPulled(image);
    const { failureCode = "", failureReason = "ECR gives no reason" } = failures[0] ?? {};
    return {
      problem: `${failureCode}: ${failureReason}`,
      isTransient: TRANSIENT_FAILURES.includes(failureCode),
    };
  } catch (error) {
    if (!isCallError(error)) throw error;
    return {
      problem: explain(error),
      // What the client has retried already, such as a call that was throttled, is not tried again.
      isTransient: error instanceof Error && TRANSIENT_EXCEPTIONS.includes(error.name),
    };
  }
}

/** The digests among those given that a repository does not hold. */
export async function missingDigests(
  ecr: ECRClient,
  repositoryName: string,
  digests: readonly string[],
): Promise<string[]> {
  const missing: string[] = [];
  for (let start = 0; start < digests.length; start += MAX_BATCH) {
    const { failures = [] } = await ecr.send(
      new BatchGetImageCommand({
        repositoryName,
        imageIds: digests.slice(start, start + MAX_BATCH).map((imageDigest) => ({ imageDigest })),
        acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
      }),
    );
    missing.push(...failures.flatMap(({ imageId }) => imageId?.imageDigest ?? []));
  }
  return missing;
}
