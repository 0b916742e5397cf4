import type { Image, ImageIdentifier } from "@aws-sdk/client-ecr";
import { isPassing } from "./aws/backoff";
import type { EcrCalls } from "./aws/ecr-calls";
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
  /** Whether the same pull may well succeed a little later. */
  readonly isPassing: boolean;
}

export type Pulled = PulledManifest | PullProblem;

export function isProblem(pulled: Pulled): pulled is PullProblem {
  return "problem" in pulled;
}

/** Errors of calls as a user reads them. */
export type ExplainError = (error: unknown) => string;

export interface Patience {
  /** How often a call is made at the most. Default: 5. */
  readonly attempts?: number;
  /** The wait before the second attempt, in milliseconds; it doubles with each. Default: 2,000, thus 30 s in all. */
  readonly firstWait?: number;
  /** Default: a timer. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Makes a call until it answers with what is wanted, or there is no point in trying again. */
export async function patiently<Result>(
  make: () => Promise<Result>,
  isWorthAnother: (result: Result) => boolean,
  { attempts = 5, firstWait = 2_000, sleep = defaultSleep }: Patience = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await make();
    if (attempt >= attempts || !isWorthAnother(result)) return result;
    await sleep(firstWait * 2 ** (attempt - 1));
  }
}

function defaultSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Failures that a pull through the cache has while the upstream, or ECR's way to it, is in trouble. */
const PASSING_FAILURES: readonly string[] = [
  "ImageNotFound",
  "UpstreamTooManyRequests",
  "UpstreamUnavailable",
  "UpstreamAccessDenied",
];

/** Exceptions of BatchGetImage about the upstream. */
const PASSING_EXCEPTIONS: readonly string[] = [
  "UnableToGetUpstreamImageException",
  // What a pull sees where ECR could not make the repository (yet).
  "RepositoryNotFoundException",
];

/** Whether an error is of the network: nobody knows whether the call was carried out. */
function isLostConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    (typeof (error as { code?: unknown }).code === "string" || error.name === "TimeoutError")
  );
}

/** Whether an error is of a call, that is of AWS, the way there, or the credentials; everything else is a defect. */
export function isCallError(error: unknown): boolean {
  return (
    error instanceof Error &&
    ("$metadata" in error || isLostConnection(error) || error.name.endsWith("ProviderError"))
  );
}

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
  ecr: Pick<EcrCalls, "batchGetImage">,
  repositoryName: string,
  imageId: ImageIdentifier,
  explain: ExplainError,
): Promise<Pulled> {
  try {
    const { images = [], failures = [] } = await ecr.batchGetImage({
      repositoryName,
      imageIds: [imageId],
      acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
    });
    const [image] = images;
    if (image) return toPulled(image);
    const { failureCode = "", failureReason = "ECR gives no reason" } = failures[0] ?? {};
    return {
      problem: `${failureCode}: ${failureReason}`,
      isPassing: PASSING_FAILURES.includes(failureCode),
    };
  } catch (error) {
    if (!isCallError(error)) throw error;
    return {
      problem: explain(error),
      isPassing:
        isPassing(error) ||
        isLostConnection(error) ||
        (error instanceof Error && PASSING_EXCEPTIONS.includes(error.name)),
    };
  }
}

/** The digests among those given that a repository does not hold. */
export async function missingDigests(
  ecr: Pick<EcrCalls, "batchGetImage">,
  repositoryName: string,
  digests: readonly string[],
): Promise<string[]> {
  const missing: string[] = [];
  for (let start = 0; start < digests.length; start += MAX_BATCH) {
    const { failures = [] } = await ecr.batchGetImage({
      repositoryName,
      imageIds: digests.slice(start, start + MAX_BATCH).map((imageDigest) => ({ imageDigest })),
      acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
    });
    missing.push(...failures.flatMap(({ imageId }) => imageId?.imageDigest ?? []));
  }
  return missing;
}
