import type {
  BatchCheckLayerAvailabilityRequest,
  BatchCheckLayerAvailabilityResponse,
  CompleteLayerUploadRequest,
  CompleteLayerUploadResponse,
  GetDownloadUrlForLayerRequest,
  GetDownloadUrlForLayerResponse,
  InitiateLayerUploadRequest,
  InitiateLayerUploadResponse,
  UploadLayerPartRequest,
  UploadLayerPartResponse,
} from "@aws-sdk/client-ecr";
import { createHash, randomUUID } from "node:crypto";
import type { Action, Context } from "./context";
import { EcrException, required } from "./exceptions";
import { findRepository } from "./repositories";
import { findOrCreate, templateFor } from "./repository-creation";
import type { Registry, Repository } from "./state";

/*
 * Layers: what manifests refer to, configurations included.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
 */

/** The recommended size of a part, in bytes (`partSize` in the API reference of InitiateLayerUpload). */
const PART_SIZE = 20 * 1024 * 1024;

function layerNotFound(digest: string, { name }: Repository, { account }: Registry): EcrException {
  return new EcrException(
    "LayersNotFoundException",
    `The layers with digests '[${digest}]' do not exist in the repository with name '${name}' in the registry with id '${account}'`,
  );
}

export const getDownloadUrlForLayer: Action<
  GetDownloadUrlForLayerRequest,
  GetDownloadUrlForLayerResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const layerDigest = required(input.layerDigest, "layerDigest");
  if (!repository.layers.has(layerDigest)) {
    throw layerNotFound(layerDigest, repository, context.registry);
  }
  return { downloadUrl: context.layerUrl(repository.name, layerDigest), layerDigest };
};

export const batchCheckLayerAvailability: Action<
  BatchCheckLayerAvailabilityRequest,
  BatchCheckLayerAvailabilityResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  return {
    layers: required(input.layerDigests, "layerDigests").map((layerDigest) => {
      const layer = repository.layers.get(layerDigest);
      return {
        layerDigest,
        layerAvailability: layer ? "AVAILABLE" : "UNAVAILABLE",
        ...(layer && { layerSize: layer.size }),
      };
    }),
    failures: [],
  };
};

/** The repository of a push, which a template for pushes creates. */
async function repositoryForPush(name: string | undefined, context: Context): Promise<Repository> {
  const { registry, authorization } = context;
  const isCreated =
    name !== undefined &&
    templateFor(name, "CREATE_ON_PUSH", registry) !== undefined &&
    (await authorization.allows("CreateRepository", name));
  return isCreated ? findOrCreate(name, "CREATE_ON_PUSH", context) : findRepository(name, context);
}

export const initiateLayerUpload: Action<
  InitiateLayerUploadRequest,
  InitiateLayerUploadResponse
> = async (input, context) => {
  const { uploads } = await repositoryForPush(input.repositoryName, context);
  const uploadId = randomUUID();
  uploads.set(uploadId, []);
  return { uploadId, partSize: PART_SIZE };
};

/** The parts of an upload that were received. */
function partsOf(repository: Repository, uploadId: string | undefined, registry: Registry) {
  const parts = repository.uploads.get(required(uploadId, "uploadId"));
  if (parts) return parts;
  throw new EcrException(
    "UploadNotFoundException",
    `The upload with id '${uploadId}' does not exist in the repository with name '${repository.name}' in the registry with id '${registry.account}'`,
  );
}

const sizeOf = (parts: readonly Buffer[]) => parts.reduce((sum, { length }) => sum + length, 0);

export const uploadLayerPart: Action<UploadLayerPartRequest, UploadLayerPartResponse> = (
  input,
  context,
) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const { uploadId } = input;
  const parts = partsOf(repository, uploadId, registry);
  const blob: string | Uint8Array = required(input.layerPartBlob, "layerPartBlob");
  // As JSON it is base64.
  const part = typeof blob === "string" ? Buffer.from(blob, "base64") : Buffer.from(blob);
  const received = sizeOf(parts);
  if (required(input.partFirstByte, "partFirstByte") !== received) {
    throw new EcrException(
      "InvalidLayerPartException",
      `Layer part does not begin at byte ${received}, which follows the last one that was received`,
    );
  }
  parts.push(part);
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    uploadId,
    lastByteReceived: Math.max(0, sizeOf(parts) - 1),
  };
};

export const completeLayerUpload: Action<
  CompleteLayerUploadRequest,
  CompleteLayerUploadResponse
> = (input, context) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const { uploadId } = input;
  const content = Buffer.concat(partsOf(repository, uploadId, registry));
  const layerDigest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const expected = required(input.layerDigests?.[0], "layerDigests");
  if (expected !== layerDigest) {
    throw new EcrException(
      "InvalidLayerException",
      `The digest '${expected}' does not match the layer, whose digest is '${layerDigest}'`,
    );
  }
  repository.uploads.delete(uploadId ?? "");
  repository.layers.set(layerDigest, { size: content.length, read: () => content });
  return { registryId: registry.account, repositoryName: repository.name, uploadId, layerDigest };
};
