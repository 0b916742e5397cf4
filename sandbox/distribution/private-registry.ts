import type {
  BatchCheckLayerAvailabilityResponse,
  BatchGetImageResponse,
  CompleteLayerUploadResponse,
  GetDownloadUrlForLayerResponse,
  ImageFailure,
  InitiateLayerUploadResponse,
  ListImageReferrersResponse,
  ListImagesResponse,
  PutImageResponse,
  UploadLayerPartResponse,
} from "@aws-sdk/client-ecr";
import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "../ecr/authorization";
import { readToken } from "../ecr/authorization-token";
import { EcrException } from "../ecr/exceptions";
import type { EcrService } from "../ecr/service";
import {
  answer,
  isPing,
  JSON_TYPE,
  parsePath,
  type RegistryAnswer,
  registryError,
  type RegistryRequest,
  tagsAnswer,
} from "./answer";

/*
 * The private registry for container clients. Each request performs the action of the API that CloudTrail shows for it,
 * so that a pull is what it is for the API's callers: rule, permissions, credential, template, upstream, event.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
 */

/** Performs an action of ECR for the client. */
type Perform = <Output>(action: string, input: object) => Promise<Output>;

interface Exchange {
  readonly request: RegistryRequest;
  readonly repositoryName: string;
  /** A tag or digest, or the id of an upload. */
  readonly reference: string;
  readonly perform: Perform;
  readonly hasLayer: (digest: string) => boolean;
  /** How many bytes of the upload were received. */
  readonly received: number;
}

interface Route {
  readonly methods: readonly string[];
  readonly pattern: RegExp;
  readonly action: string;
  respond(exchange: Exchange): Promise<RegistryAnswer>;
}

const routes: readonly Route[] = [
  {
    methods: ["GET", "HEAD"],
    pattern: /^manifests\/(.+)$/,
    action: "BatchGetImage",
    respond: getManifest,
  },
  { methods: ["PUT"], pattern: /^manifests\/(.+)$/, action: "PutImage", respond: putManifest },
  {
    methods: ["POST"],
    pattern: /^blobs\/uploads\/$/,
    action: "InitiateLayerUpload",
    respond: startUpload,
  },
  {
    methods: ["PATCH"],
    pattern: /^blobs\/uploads\/(.+)$/,
    action: "UploadLayerPart",
    respond: uploadPart,
  },
  {
    methods: ["PUT"],
    pattern: /^blobs\/uploads\/(.+)$/,
    action: "CompleteLayerUpload",
    respond: completeUpload,
  },
  {
    methods: ["GET"],
    pattern: /^blobs\/(sha256:.+)$/,
    action: "GetDownloadUrlForLayer",
    respond: redirectToLayer,
  },
  {
    methods: ["HEAD"],
    pattern: /^blobs\/(sha256:.+)$/,
    action: "BatchCheckLayerAvailability",
    respond: checkLayer,
  },
  { methods: ["GET"], pattern: /^tags\/(list)$/, action: "ListImages", respond: listTags },
  {
    methods: ["GET"],
    pattern: /^referrers\/(sha256:.+)$/,
    action: "ListImageReferrers",
    respond: listReferrers,
  },
];

/** The route of a request, with its repository; undefined for one that ECR does not answer, and for the ping. */
export function routeOf(method: string, path: string) {
  const parsed = parsePath(path);
  if (!parsed) return undefined;
  for (const route of routes) {
    const match = route.methods.includes(method) ? route.pattern.exec(parsed.rest) : null;
    if (match) return { route, repositoryName: parsed.repository, reference: match[1] ?? "" };
  }
  return undefined;
}

function challenge({ origin }: RegistryRequest): RegistryAnswer {
  return answer(
    401,
    {
      "content-type": "text/plain; charset=utf-8",
      "www-authenticate": `Basic realm="${origin}/",service="ecr.amazonaws.com"`,
    },
    "Not Authorized\n",
  );
}

/** The caller that a request's login names; undefined where it names nobody. */
function login(headers: IncomingHttpHeaders) {
  const [, credential = ""] = /^Basic\s+(.+)$/i.exec(headers.authorization ?? "") ?? [];
  const [, password = ""] = /^AWS:(.+)$/s.exec(Buffer.from(credential, "base64").toString()) ?? [];
  return readToken(password);
}

/** Answers a request of a container client to the registry of a region. */
export async function answerPrivateRegistry(
  ecr: EcrService,
  region: string,
  request: RegistryRequest,
): Promise<RegistryAnswer> {
  const { method, path, headers } = request;
  const token = login(headers);
  if (!token) return challenge(request);
  if (token.expiresAt <= ecr.clock.now()) {
    const message = "Your authorization token has expired. Reauthenticate and try again.";
    return registryError(403, "DENIED", message);
  }
  if (isPing(path)) return answer(200, JSON_TYPE, "{}");
  const found = routeOf(method, path);
  if (!found) return registryError(404, "UNSUPPORTED", `ECR does not answer ${method} ${path}`);
  const { route, repositoryName, reference } = found;
  try {
    return await route.respond({
      request,
      repositoryName,
      reference,
      perform: performFor(ecr, region, token.caller, request.layerOrigin),
      hasLayer: (digest) => ecr.layer(region, repositoryName, digest) !== undefined,
      received: ecr.receivedBytes(region, repositoryName, reference),
    });
  } catch (error) {
    if (error instanceof EcrException) return errorAnswer(error);
    throw error;
  }
}

function performFor(ecr: EcrService, region: string, caller: Caller, url: string): Perform {
  const registryId = ecr.account;
  return async <Output>(action: string, input: object) =>
    (await ecr.perform(region, action, { registryId, ...input }, { caller, url })) as Output;
}

/** How ECR's exceptions appear to container clients; what is not documented is the closest of the specification's codes. */
const ERRORS: Readonly<Record<string, { readonly status: number; readonly code: string }>> = {
  AccessDeniedException: { status: 403, code: "DENIED" },
  ImageTagAlreadyExistsException: { status: 400, code: "TAG_INVALID" },
  InvalidLayerException: { status: 400, code: "DIGEST_INVALID" },
  InvalidLayerPartException: { status: 416, code: "BLOB_UPLOAD_INVALID" },
  LayersNotFoundException: { status: 404, code: "BLOB_UNKNOWN" },
  ReferencedImagesNotFoundException: { status: 404, code: "MANIFEST_UNKNOWN" },
  RepositoryNotFoundException: { status: 404, code: "NAME_UNKNOWN" },
  UnableToGetUpstreamImageException: { status: 403, code: "DENIED" },
  UploadNotFoundException: { status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
};

function errorAnswer({ code, message }: EcrException): RegistryAnswer {
  const error = ERRORS[code] ?? { status: 400, code: "MANIFEST_INVALID" };
  return registryError(error.status, error.code, message);
}

/** Source of the wording: https://github.com/aws/containers-roadmap/issues/2354 */
const UPSTREAM_DENIED =
  "The authentication to the upstream registry failed. Verify that the credentials provided in the pull through cache rule are correct, and try again.";

function failureAnswer({ failureCode, failureReason = "" }: ImageFailure): RegistryAnswer {
  switch (failureCode) {
    case "UpstreamAccessDenied":
      return registryError(403, "DENIED", UPSTREAM_DENIED);
    case "UpstreamTooManyRequests":
      return registryError(429, "TOOMANYREQUESTS", failureReason);
    case "UpstreamUnavailable":
      return registryError(503, "UNAVAILABLE", failureReason);
    default:
      return registryError(404, "MANIFEST_UNKNOWN", failureReason);
  }
}

function imageIdOf(reference: string) {
  return reference.includes(":") ? { imageDigest: reference } : { imageTag: reference };
}

async function getManifest({ repositoryName, reference, perform }: Exchange) {
  const { images = [], failures = [] } = await perform<BatchGetImageResponse>("BatchGetImage", {
    repositoryName,
    imageIds: [imageIdOf(reference)],
  });
  const [image] = images;
  if (!image) return failureAnswer(failures[0] ?? {});
  return answer(
    200,
    {
      "content-type": image.imageManifestMediaType ?? "",
      "docker-content-digest": image.imageId?.imageDigest ?? "",
    },
    image.imageManifest,
  );
}

/** What a manifest refers to in its own repository. */
function layersOf(manifest: string): string[] {
  const { config, layers = [] } = JSON.parse(manifest) as {
    config?: { digest: string };
    layers?: { digest: string }[];
  };
  return [...(config ? [config] : []), ...layers].map(({ digest }) => digest);
}

async function putManifest({ request, repositoryName, reference, perform, hasLayer }: Exchange) {
  const imageManifest = (await request.body()).toString();
  const missing = layersOf(imageManifest).filter((digest) => !hasLayer(digest));
  if (missing.length > 0) {
    throw new EcrException(
      "LayersNotFoundException",
      `Layers with digests '[${missing.join(", ")}]' required for pushing image into repository with name '${repositoryName}' do not exist`,
    );
  }
  const pushed = await pushManifest(perform, {
    repositoryName,
    imageManifest,
    imageManifestMediaType: request.headers["content-type"],
    ...imageIdOf(reference),
  });
  const { subject } = JSON.parse(imageManifest) as { subject?: { digest: string } };
  return answer(201, {
    location: `${request.origin}/v2/${repositoryName}/manifests/${pushed ?? reference}`,
    ...(pushed !== undefined && { "docker-content-digest": pushed }),
    ...(subject && { "oci-subject": subject.digest }),
  });
}

/** Pushing an image again is an error of the API, but not for container clients. */
async function pushManifest(perform: Perform, input: object): Promise<string | undefined> {
  try {
    const { image } = await perform<PutImageResponse>("PutImage", input);
    return image?.imageId?.imageDigest;
  } catch (error) {
    if (error instanceof EcrException && error.code === "ImageAlreadyExistsException") {
      return /'(sha256:[0-9a-f]{64})'/.exec(error.message)?.[1];
    }
    throw error;
  }
}

function uploadAnswer(
  status: number,
  { request, repositoryName }: Exchange,
  uploadId: string,
  lastByte: number,
): RegistryAnswer {
  return answer(status, {
    location: `${request.origin}/v2/${repositoryName}/blobs/uploads/${uploadId}`,
    range: `0-${lastByte}`,
    "docker-upload-uuid": uploadId,
  });
}

async function startUpload(exchange: Exchange): Promise<RegistryAnswer> {
  const { repositoryName, perform, request } = exchange;
  const { uploadId = "" } = await perform<InitiateLayerUploadResponse>("InitiateLayerUpload", {
    repositoryName,
  });
  // The specification allows the whole blob here.
  return new URL(request.path, request.origin).searchParams.has("digest")
    ? completeUpload({ ...exchange, reference: uploadId })
    : uploadAnswer(202, exchange, uploadId, 0);
}

/** Uploads the body of a request, which begins where its range says, or else after what was received. */
async function upload({ request, repositoryName, reference, perform, received }: Exchange) {
  const layerPartBlob = await request.body();
  const range = request.headers["content-range"] ?? "";
  const first = /^(?:bytes )?([0-9]+)-/.exec(range)?.[1] ?? received;
  if (layerPartBlob.length === 0) return Math.max(0, received - 1);
  const { lastByteReceived = 0 } = await perform<UploadLayerPartResponse>("UploadLayerPart", {
    repositoryName,
    uploadId: reference,
    partFirstByte: Number(first),
    partLastByte: Number(first) + layerPartBlob.length - 1,
    layerPartBlob,
  });
  return lastByteReceived;
}

async function uploadPart(exchange: Exchange): Promise<RegistryAnswer> {
  return uploadAnswer(202, exchange, exchange.reference, await upload(exchange));
}

async function completeUpload(exchange: Exchange): Promise<RegistryAnswer> {
  const { request, repositoryName, reference, perform } = exchange;
  await upload(exchange);
  const digest = new URL(request.path, request.origin).searchParams.get("digest") ?? "";
  const { layerDigest = "" } = await perform<CompleteLayerUploadResponse>("CompleteLayerUpload", {
    repositoryName,
    uploadId: reference,
    layerDigests: [digest],
  });
  return answer(201, {
    location: `${request.origin}/v2/${repositoryName}/blobs/${layerDigest}`,
    "docker-content-digest": layerDigest,
  });
}

/** ECR redirects to S3, where no login is sent. */
async function redirectToLayer({ repositoryName, reference, perform }: Exchange) {
  const { downloadUrl = "" } = await perform<GetDownloadUrlForLayerResponse>(
    "GetDownloadUrlForLayer",
    { repositoryName, layerDigest: reference },
  );
  return answer(307, { location: downloadUrl });
}

async function checkLayer({ repositoryName, reference, perform }: Exchange) {
  const { layers = [] } = await perform<BatchCheckLayerAvailabilityResponse>(
    "BatchCheckLayerAvailability",
    { repositoryName, layerDigests: [reference] },
  );
  const size = layers[0]?.layerSize;
  return size === undefined
    ? registryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
    : answer(200, { "content-length": String(size), "docker-content-digest": reference });
}

/** The largest page of ListImages. */
const MAX_TAGS = 1000;

async function listTags({ request, repositoryName, perform }: Exchange): Promise<RegistryAnswer> {
  const query = new URL(request.path, request.origin).searchParams;
  const maxResults = Math.min(Number(query.get("n") ?? MAX_TAGS), MAX_TAGS);
  const { imageIds = [], nextToken } = await perform<ListImagesResponse>("ListImages", {
    repositoryName,
    maxResults,
    nextToken: query.get("last") ?? undefined,
    filter: { tagStatus: "TAGGED" },
  });
  const next =
    nextToken === undefined
      ? undefined
      : `/v2/${repositoryName}/tags/list?n=${maxResults}&last=${encodeURIComponent(nextToken)}`;
  return tagsAnswer(
    repositoryName,
    imageIds.flatMap(({ imageTag }) => imageTag ?? []),
    next,
  );
}

async function listReferrers({ request, repositoryName, reference, perform }: Exchange) {
  const type = new URL(request.path, request.origin).searchParams.get("artifactType");
  const { referrers = [] } = await perform<ListImageReferrersResponse>("ListImageReferrers", {
    repositoryName,
    subjectId: { imageDigest: reference },
    ...(type !== null && { filter: { artifactTypes: [type] } }),
  });
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = referrers.map(({ artifactStatus, ...descriptor }) => descriptor);
  return answer(
    200,
    {
      "content-type": mediaType,
      ...(type !== null && { "oci-filters-applied": "artifactType" }),
    },
    JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
  );
}
