import type { ImageDetail, LifecyclePolicyPreviewResult } from "@aws-sdk/client-ecr";
import { isException } from "../../registry/aws/ecr-api";
import { storedBytes, toCachedImage } from "../../registry/cached-image";
import type { EcrCalls } from "../../registry/aws/ecr-calls";

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

export interface PreviewOptions {
  /** How long a preview may take, in milliseconds. Default: five minutes. */
  readonly timeout?: number;
  /** Default: a timer. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

type Ecr = Pick<
  EcrCalls,
  "describeImages" | "getLifecyclePolicyPreview" | "startLifecyclePolicyPreview"
>;

/** A preview that ECR does not give; the message says why. */
export class PreviewError extends Error {}

function defaultSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Growing waits until the time is up. */
function waiting({ timeout = 300_000, sleep = defaultSleep }: PreviewOptions, what: string) {
  let waited = 0;
  let next = FIRST_WAIT;
  return async (): Promise<void> => {
    if (waited >= timeout) {
      throw new PreviewError(`${what} is not done after ${Math.round(timeout / 1000)} s`);
    }
    await sleep(next);
    waited += next;
    next = Math.min(LONGEST_WAIT, next * 2);
  };
}

/** Describes images by digest; those that were deleted meanwhile are left out. */
async function describe(
  ecr: Ecr,
  repositoryName: string,
  digests: readonly string[],
): Promise<ImageDetail[]> {
  if (digests.length === 0) return [];
  try {
    const { imageDetails = [] } = await ecr.describeImages({
      repositoryName,
      imageIds: digests.map((imageDigest) => ({ imageDigest })),
    });
    return imageDetails;
  } catch (error) {
    // ECR describes all of them or none.
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
  ecr: Ecr,
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

/**
 * Has ECR work out what a policy would do to a repository. ECR changes nothing, and only ever keeps one preview for a
 * repository.
 *
 * @throws PreviewError if ECR gives none in time.
 */
export async function previewLifecyclePolicy(
  ecr: Ecr,
  repositoryName: string,
  lifecyclePolicyText: string,
  options: PreviewOptions = {},
): Promise<LifecyclePreview> {
  const wait = waiting(options, "the preview");
  for (;;) {
    try {
      await ecr.startLifecyclePolicyPreview({ repositoryName, lifecyclePolicyText });
      break;
    } catch (error) {
      if (!isException(error, "LifecyclePolicyPreviewInProgressException")) throw error;
      await wait();
    }
  }

  const read = (nextToken?: string) =>
    ecr.getLifecyclePolicyPreview({ repositoryName, maxResults: PAGE_SIZE, nextToken });
  let page = await read();
  while (page.status === "IN_PROGRESS") {
    await wait();
    page = await read();
  }
  if (page.status !== "COMPLETE") {
    throw new PreviewError(`ECR's preview ended with the status ${page.status}`);
  }

  let expire: Amount = { images: 0, bytes: 0 };
  let archive: Amount = { images: 0, bytes: 0 };
  for (;;) {
    const results = page.previewResults ?? [];
    const amountOfType = (type: "EXPIRE" | "TRANSITION") =>
      amountOf(
        ecr,
        repositoryName,
        results.filter(({ action }) => action?.type === type),
      );
    expire = plus(expire, await amountOfType("EXPIRE"));
    archive = plus(archive, await amountOfType("TRANSITION"));
    if (page.nextToken === undefined) return { expire, archive };
    page = await read(page.nextToken);
  }
}
