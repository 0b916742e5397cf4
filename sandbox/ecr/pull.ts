import { DAY_MS } from "../../ecr/day";
import type {
  BatchGetImageRequest,
  BatchGetImageResponse,
  Image,
  ImageFailure,
  ImageFailureCode,
  ImageIdentifier,
  PullThroughCacheRule,
} from "@aws-sdk/client-ecr";
import type { Action, Context } from "./context";
import { checkCredential } from "./credential";
import { EcrException, required } from "./exceptions";
import {
  checkIds,
  findImage,
  type Found,
  imageFailure,
  imageTagged,
  isImmutable,
  malformedId,
  moveTag,
} from "./images";
import { below, mostSpecific, ROOT } from "./prefix";
import { constrainRepositoryName, repositoryNotFound } from "./repositories";
import { isExcluded } from "./pull-time-exclusions";
import { findOrCreate } from "./repository-creation";
import { type Repository, repositoryArn, type StoredImage } from "./state";
import type { ImportedImage, UpstreamFailure } from "./fetched";

/*
 * A pull, which is what fills the cache.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */

/** How long ECR serves a tag without asking the upstream, and how often it records the last pull, in milliseconds. */

type Rule = PullThroughCacheRule & { ecrRepositoryPrefix: string };

/** The failures of a pull by what the upstream answers; the reasons are ours. */
const FAILURES: Readonly<Record<UpstreamFailure, { code: ImageFailureCode; reason: string }>> = {
  unauthorized: {
    code: "UpstreamAccessDenied",
    reason: "The upstream registry did not accept the credentials (401 Unauthorized).",
  },
  "access-denied": {
    code: "UpstreamAccessDenied",
    reason: "The upstream registry denied access (403 Forbidden).",
  },
  "not-found": { code: "ImageNotFound", reason: "Requested image not found" },
  "too-many-requests": {
    code: "UpstreamTooManyRequests",
    reason: "The upstream registry answered with too many requests (429).",
  },
  unavailable: {
    code: "UpstreamUnavailable",
    reason: "The upstream registry could not be reached.",
  },
};

export const batchGetImage: Action<BatchGetImageRequest, BatchGetImageResponse> = async (
  input,
  context,
) => {
  const { registry } = context;
  const repositoryName = required(input.repositoryName, "repositoryName");
  constrainRepositoryName(repositoryName);
  const imageIds = checkIds(input.imageIds);
  const rule = mostSpecific(
    registry.rules.values(),
    ({ ecrRepositoryPrefix }) => ecrRepositoryPrefix,
    repositoryName,
  );
  await authorize(repositoryName, rule, context);

  const images: Image[] = [];
  const failures: ImageFailure[] = [];
  for (const imageId of imageIds) {
    const found = await pull(repositoryName, imageId, rule, context);
    if (found.failure) {
      failures.push(found.failure);
      continue;
    }
    if (!isExcluded(context.caller, registry)) recordPull(found.image, context.now);
    images.push({
      registryId: registry.account,
      repositoryName,
      imageId: { imageDigest: found.image.digest, imageTag: imageId.imageTag },
      imageManifest: found.image.manifest,
      imageManifestMediaType: found.image.mediaType,
    });
  }
  return { images, failures };
};

/**
 * Checks the permissions of a pull. To a caller that may not create the repository, ECR answers that there is none.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html
 */
async function authorize(
  repositoryName: string,
  rule: Rule | undefined,
  { registry, authorization }: Context,
): Promise<void> {
  const exists = registry.repositories.has(repositoryName);
  const isCreated =
    rule !== undefined && (await authorization.allows("CreateRepository", repositoryName));
  if (!exists && !isCreated) throw repositoryNotFound(repositoryName, registry);
  if (exists) {
    await authorization.require("BatchGetImage", repositoryArn(registry, repositoryName));
  }
}

async function pull(
  repositoryName: string,
  imageId: ImageIdentifier,
  rule: Rule | undefined,
  context: Context,
): Promise<Found> {
  const malformed = malformedId(imageId);
  if (malformed) return malformed;
  // By its digest, ECR finds only what it has: https://github.com/aws/containers-roadmap/issues/2837
  if (rule && imageId.imageTag !== undefined && imageId.imageDigest === undefined) {
    const failure = await refresh(repositoryName, imageId.imageTag, rule, context);
    if (failure) {
      const { code, reason } = FAILURES[failure];
      return imageFailure(imageId, code, reason);
    }
  }
  const found = findImage(context.registry.repositories.get(repositoryName), imageId);
  if (found.failure) return found;
  // Only now has a new repository its policy, by which a caller of another account may pull.
  await context.authorization.require(
    "BatchGetImage",
    repositoryArn(context.registry, repositoryName),
  );
  if (found.image.status === "ARCHIVED") {
    return imageFailure(imageId, "ImageInaccessible", "The image is archived. Restore it first.");
  }
  return found;
}

/** Last pulls are recorded at most once a day, and not for the images of an index. */
function recordPull(image: StoredImage, now: Date): void {
  if (image.lastPulledAt && now.getTime() - image.lastPulledAt.getTime() < DAY_MS) return;
  image.lastPulledAt = now;
}

/** Compares a tag with the upstream where that is due. Returns why there is no image, cached or new. */
async function refresh(
  repositoryName: string,
  tag: string,
  rule: Rule,
  context: Context,
): Promise<UpstreamFailure | undefined> {
  const { registry, now, services, upstream, authorization } = context;
  const repository = registry.repositories.get(repositoryName);
  const cached = repository && imageTagged(repository, tag);
  const validatedAt = repository?.validatedAt.get(tag);
  if (cached && validatedAt && now.getTime() - validatedAt.getTime() < DAY_MS) return undefined;

  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html
  if (!(await authorization.allows("BatchImportUpstreamImage", repositoryName))) {
    return cached ? undefined : "not-found";
  }
  const event = {
    "rule-version": "1",
    "ecr-repository-prefix": rule.ecrRepositoryPrefix,
    "repository-name": repositoryName,
    "upstream-registry-url": rule.upstreamRegistryUrl ?? "",
    "image-tag": tag,
  };
  const resources = [repositoryArn(registry, repositoryName)];
  const fail = (code: string, reason: string) =>
    services.putEvent({
      resources,
      // Which word ECR has for a failure is not documented.
      detail: {
        ...event,
        "sync-status": "FAILED",
        "failure-code": code,
        "failure-reason": reason,
      },
    });

  const credential = await credentialProblem(rule, context);
  if (credential) {
    await fail(credential.code, credential.message);
    if (cached) return undefined;
    throw credential;
  }
  const fetched = await upstream.fetch(
    rule.upstreamRegistryUrl ?? "",
    upstreamName(rule, repositoryName),
    tag,
  );
  if (fetched.failure) {
    const { code, reason } = FAILURES[fetched.failure];
    await fail(code, reason);
    // "the last cached image will still be pulled"
    return cached ? undefined : fetched.failure;
  }

  const target = await findOrCreate(repositoryName, "PULL_THROUGH_CACHE", context);
  const image = store(target, fetched.images, now);
  target.validatedAt.set(tag, now);
  // The refresh cannot move an immutable tag.
  if (!imageTagged(target, tag) || !isImmutable(target, tag)) moveTag(target, tag, image);
  await services.putEvent({
    resources,
    detail: { ...event, "sync-status": "SUCCESS", "image-digest": image.digest },
  });
  return undefined;
}

async function credentialProblem(rule: Rule, context: Context): Promise<EcrException | undefined> {
  if (rule.credentialArn === undefined) return undefined;
  try {
    await checkCredential(rule.credentialArn, context);
    return undefined;
  } catch (error) {
    if (!(error instanceof EcrException)) throw error;
    // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
    return new EcrException(
      "UnableToGetUpstreamImageException",
      `The image or images were unable to be pulled using the pull through cache rule. ${error.message}`,
    );
  }
}

/** The upstream's name for a repository of the cache. */
function upstreamName(
  { ecrRepositoryPrefix, upstreamRepositoryPrefix }: Rule,
  name: string,
): string {
  const rest = below(ecrRepositoryPrefix, name) ?? name;
  const prefix = upstreamRepositoryPrefix ?? ROOT;
  return prefix === ROOT ? rest : `${prefix}/${rest}`;
}

/** Stores the images that are new; the requested one is the last. */
function store(repository: Repository, imported: readonly ImportedImage[], now: Date): StoredImage {
  const stored = imported.map(({ layers, ...one }) => {
    for (const [digest, layer] of layers) repository.layers.set(digest, layer);
    const image: StoredImage = repository.images.get(one.digest) ?? {
      ...one,
      pushedAt: now,
      tags: new Set(),
      status: "ACTIVE",
    };
    repository.images.set(image.digest, image);
    return image;
  });
  const image = stored.at(-1);
  if (!image) throw new Error("the upstream returned no image");
  return image;
}
