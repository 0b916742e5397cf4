import { BatchGetImageCommand, type ECRClient } from "@aws-sdk/client-ecr";
import { type Manifest, parseManifest } from "../../registry/manifest";
import { MANIFEST_MEDIA_TYPES } from "../../registry/media-types";
import { MAX_BATCH } from "../../registry/pull";

/**
 * The manifests of a repository's images, by digest, without those that can't be read, such as an archived image's.
 * Reading them takes a call for each hundred images, and ECR records it as a pull of each image.
 */
export async function manifestsOf(
  ecr: ECRClient,
  repositoryName: string,
  digests: readonly string[],
): Promise<Map<string, Manifest>> {
  const manifests = new Map<string, Manifest>();
  for (let start = 0; start < digests.length; start += MAX_BATCH) {
    const { images = [] } = await ecr.send(
      new BatchGetImageCommand({
        repositoryName,
        imageIds: digests.slice(start, start + MAX_BATCH).map((imageDigest) => ({ imageDigest })),
        acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
      }),
    );
    for (const { imageId, imageManifest, imageManifestMediaType } of images) {
      if (imageId?.imageDigest === undefined || imageManifest === undefined) continue;
      manifests.set(imageId.imageDigest, parseManifest(imageManifest, imageManifestMediaType));
    }
  }
  return manifests;
}
