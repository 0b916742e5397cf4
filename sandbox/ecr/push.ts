import type { PutImageRequest, PutImageResponse } from "@aws-sdk/client-ecr";
import { createHash } from "node:crypto";
import type { Action } from "./context";
import { EcrException, invalidParameter, required } from "./exceptions";
import { imageTagged, isImmutable, moveTag } from "./images";
import { findRepository } from "./repositories";
import type { Repository } from "./state";

interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly size?: number; readonly mediaType?: string };
  readonly layers?: readonly { readonly size?: number }[];
  readonly manifests?: readonly { readonly digest?: string }[];
  readonly subject?: { readonly digest?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function parseManifest(text: string): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw invalidParameter("ImageManifest", "Invalid JSON syntax");
  }
  if (typeof manifest !== "object" || manifest === null) {
    throw invalidParameter("ImageManifest", "Invalid JSON syntax");
  }
  return manifest;
}

/** Pushes an image. That its layers exist is not checked: the API's callers need none to move tags. */
export const putImage: Action<PutImageRequest, PutImageResponse> = (input, context) => {
  const { registry, now } = context;
  const repository = findRepository(input.repositoryName, context);
  const { imageTag } = input;
  const imageManifest = required(input.imageManifest, "imageManifest");
  const content = parseManifest(imageManifest);
  const mediaType = required(
    input.imageManifestMediaType ?? content.mediaType,
    "imageManifestMediaType",
  );
  const digest = `sha256:${createHash("sha256").update(imageManifest).digest("hex")}`;
  if (input.imageDigest !== undefined && input.imageDigest !== digest) {
    throw new EcrException(
      "ImageDigestDoesNotMatchException",
      `The image digest '${input.imageDigest}' does not match the calculated digest '${digest}'`,
    );
  }
  const place = `in the repository with name '${repository.name}' in registry with id '${registry.account}'`;
  const existing = repository.images.get(digest);
  if (existing && (imageTag === undefined || existing.tags.has(imageTag))) {
    throw new EcrException(
      "ImageAlreadyExistsException",
      `Image with digest '${digest}' and tag '${imageTag}' already exists ${place}`,
    );
  }
  if (
    imageTag !== undefined &&
    imageTagged(repository, imageTag) &&
    isImmutable(repository, imageTag)
  ) {
    throw new EcrException(
      "ImageTagAlreadyExistsException",
      `The image tag '${imageTag}' already exists ${place} and cannot be overwritten because the tag is immutable.`,
    );
  }
  const children = (content.manifests ?? []).map((child) => child.digest ?? "");
  const missing = children.filter((child) => !repository.images.has(child));
  if (missing.length > 0) {
    throw new EcrException(
      "ReferencedImagesNotFoundException",
      `Images with digests '[${missing.join(", ")}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${registry.account}' do not exist`,
    );
  }

  const image = existing ?? {
    digest,
    manifest: imageManifest,
    mediaType,
    artifactMediaType: content.artifactType ?? content.config?.mediaType,
    children,
    subject: content.subject?.digest,
    annotations: content.annotations,
    sizeInBytes: sizeOf(content, repository),
    pushedAt: now,
    tags: new Set<string>(),
    status: "ACTIVE" as const,
  };
  repository.images.set(digest, image);
  if (imageTag !== undefined) moveTag(repository, imageTag, image);
  return {
    image: {
      registryId: registry.account,
      repositoryName: repository.name,
      imageId: { imageDigest: digest, imageTag },
      imageManifest,
      imageManifestMediaType: mediaType,
    },
  };
};

function sizeOf({ config, layers = [], manifests }: Manifest, repository: Repository): number {
  if (manifests) {
    return Math.max(
      0,
      ...manifests.map(({ digest = "" }) => repository.images.get(digest)?.sizeInBytes ?? 0),
    );
  }
  return [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0);
}
