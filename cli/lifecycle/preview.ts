import {
  DescribeImagesCommand,
  type ECRClient,
  GetLifecyclePolicyPreviewCommand,
  type GetLifecyclePolicyPreviewResponse,
  type ImageDetail,
  type LifecyclePolicyPreviewResult,
  paginateGetLifecyclePolicyPreview,
  StartLifecyclePolicyPreviewCommand,
} from "@aws-sdk/client-ecr";
import { isException } from "../../registry/aws/errors";
import { retryUntil, type RetryPolicy } from "../../registry/aws/retry-until";
import { storedBytes, toCachedImage } from "../../registry/cached-image";

/*
 * What a lifecycle policy would do to a repository, by ECR's own preview.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lpp_creation.html
 */

/** The most that ECR puts on one page of a preview, and describes by name in one call. */
const PAGE_SIZE = 100;

/** A number of images and the storage that they take. */
export interface Amount {
  readonly images: number;
  readonly bytes: number;
}

/** What a policy would do now. */
export interface LifecyclePreview {
  readonly expire: Amount;
  readonly archive: Amount;
}

/** Waits of about five minutes in all: 0.25, 0.5, 1, 2 and 4 s, and then 5 s each. */
const MAX_WAIT_SECONDS = 300;
const POLLING: RetryPolicy = { attempts: 65, firstWait: 250, maxWait: 5_000 };

/** ECR gave no preview; the message says why. */
export class PreviewError extends Error {}

/** Describes images by digest, without those that were deleted in the meantime. */
async function describe(
  ecr: ECRClient,
  repositoryName: string,
  digests: readonly string[],
): Promise<ImageDetail[]> {
  if (digests.length === 0) return [];
  try {
    const { imageDetails = [] } = await ecr.send(
      new DescribeImagesCommand({
        repositoryName,
        imageIds: digests.map((imageDigest) => ({ imageDigest })),
      }),
    );
    return imageDetails;
  } catch (error) {
    // ECR describes either all of the images or none.
    if (!isException(error, "ImageNotFoundException")) throw error;
    if (digests.length === 1) return [];
    const half = Math.ceil(digests.length / 2);
    return [
      ...(await describe(ecr, repositoryName, digests.slice(0, half))),
      ...(await describe(ecr, repositoryName, digests.slice(half))),
    ];
  }
}

async function amountOf(
  ecr: ECRClient,
  repositoryName: string,
  results: readonly LifecyclePolicyPreviewResult[],
): Promise<Amount> {
  const digests = results.flatMap(({ imageDigest }) => imageDigest ?? []);
  const details = await describe(ecr, repositoryName, digests);
  const bytes = details.reduce(
    (sum, detail) => sum + storedBytes(toCachedImage(repositoryName, detail)),
    0,
  );
  return { images: results.length, bytes };
}

function plus(one: Amount, other: Amount): Amount {
  return { images: one.images + other.images, bytes: one.bytes + other.bytes };
}

/** A preview by its first page; ECR must be asked until it is complete. It only ever keeps one for a repository. */
async function completePreview(
  client: ECRClient,
  repositoryName: string,
  lifecyclePolicyText: string,
): Promise<GetLifecyclePolicyPreviewResponse> {
  let isStarted = false;
  const page = await retryUntil(
    async () => {
      isStarted ||= await startPreview(client, repositoryName, lifecyclePolicyText);
      return isStarted
        ? await client.send(
            new GetLifecyclePolicyPreviewCommand({ repositoryName, maxResults: PAGE_SIZE }),
          )
        : undefined;
    },
    (result) => result !== undefined && result.status !== "IN_PROGRESS",
    POLLING,
  );
  if (page === undefined || page.status === "IN_PROGRESS") {
    throw new PreviewError(`the preview is not done after ${MAX_WAIT_SECONDS} s`);
  }
  if (page.status !== "COMPLETE") {
    throw new PreviewError(`ECR's preview ended with the status ${page.status}`);
  }
  return page;
}

/** @returns Whether it was started: not while ECR works on another one. */
async function startPreview(
  client: ECRClient,
  repositoryName: string,
  lifecyclePolicyText: string,
): Promise<boolean> {
  try {
    await client.send(
      new StartLifecyclePolicyPreviewCommand({ repositoryName, lifecyclePolicyText }),
    );
    return true;
  } catch (error) {
    if (isException(error, "LifecyclePolicyPreviewInProgressException")) return false;
    throw error;
  }
}

async function* pagesFrom(
  client: ECRClient,
  repositoryName: string,
  first: GetLifecyclePolicyPreviewResponse,
): AsyncGenerator<GetLifecyclePolicyPreviewResponse> {
  yield first;
  const { nextToken: startingToken } = first;
  if (startingToken === undefined) return;
  yield* paginateGetLifecyclePolicyPreview(
    { client, pageSize: PAGE_SIZE, startingToken },
    { repositoryName },
  );
}

/**
 * Has ECR work out what a policy would do to a repository. ECR changes nothing.
 *
 * @throws PreviewError if ECR gives none in time.
 */
export async function previewLifecyclePolicy(
  client: ECRClient,
  repositoryName: string,
  lifecyclePolicyText: string,
): Promise<LifecyclePreview> {
  const first = await completePreview(client, repositoryName, lifecyclePolicyText);
  let expire: Amount = { images: 0, bytes: 0 };
  let archive: Amount = { images: 0, bytes: 0 };
  for await (const { previewResults = [] } of pagesFrom(client, repositoryName, first)) {
    const amountOfType = (type: "EXPIRE" | "TRANSITION") =>
      amountOf(
        client,
        repositoryName,
        previewResults.filter(({ action }) => action?.type === type),
      );
    expire = plus(expire, await amountOfType("EXPIRE"));
    archive = plus(archive, await amountOfType("TRANSITION"));
  }
  return { expire, archive };
}
