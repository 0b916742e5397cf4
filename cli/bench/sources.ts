import {
  DescribeImagesCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
} from "@aws-sdk/client-ecr";
import { isException } from "../../registry/aws/errors";
import { explainError } from "../../registry/aws/remedies";
import type { Aws } from "../../registry/aws/with-aws";
import { isProblem, pullManifest } from "../../registry/pull";
import type { Target } from "../../registry/target";
import { openUpstreamOf } from "../../registry/upstream/ask-upstream";
import { explainStatus } from "../../registry/upstream/distribution-api";
import { NotPulled, type Source } from "./measure";

/** How long the answer to one request may take, with its layer, in milliseconds. */
const TIMEOUT = 600_000;

/** The upstream of a target, asked from this machine. Undefined: it can't be asked. */
export function upstreamSource(aws: Aws, region: string, target: Target): Source | undefined {
  const upstream = openUpstreamOf(aws, region, target, TIMEOUT);
  if (!upstream) return undefined;
  const get = async (path: string) => {
    const response = await upstream.request("GET", path);
    if (response.ok) return response;
    throw new NotPulled(explainStatus(response.status, target.rule.upstreamUrl, upstream.isNamed));
  };
  return {
    manifest: async (reference) => {
      const response = await get(`manifests/${reference}`);
      const mediaType = response.headers.get("content-type")?.split(";")[0];
      return { text: await response.text(), ...(mediaType !== undefined && { mediaType }) };
    },
    blob: (digest) => get(`blobs/${digest}`),
  };
}

function imageIdOf(reference: string) {
  return reference.includes(":") ? { imageDigest: reference } : { imageTag: reference };
}

/** The cache, by the API's calls for what container clients ask the registry. */
export function cacheSource(ecr: ECRClient, { repository: repositoryName }: Target): Source {
  return {
    manifest: async (reference) => {
      const pulled = await pullManifest(ecr, repositoryName, imageIdOf(reference), explainError);
      if (isProblem(pulled)) throw new NotPulled(pulled.problem);
      return { text: pulled.manifest, ...(pulled.mediaType && { mediaType: pulled.mediaType }) };
    },
    blob: async (layerDigest) => {
      const { downloadUrl = "" } = await ecr.send(
        new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }),
      );
      return fetch(downloadUrl, { signal: AbortSignal.timeout(TIMEOUT) });
    },
  };
}

/** Whether the cache has a tag or digest. */
export async function isCached(
  ecr: ECRClient,
  repositoryName: string,
  reference: string,
): Promise<boolean> {
  const imageIds = [imageIdOf(reference)];
  try {
    await ecr.send(new DescribeImagesCommand({ repositoryName, imageIds }));
    return true;
  } catch (error) {
    const isMissing = ["ImageNotFoundException", "RepositoryNotFoundException"].some((name) =>
      isException(error, name),
    );
    if (isMissing) return false;
    throw error;
  }
}
