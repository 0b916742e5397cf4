import type { UpstreamFailure } from "../ecr/fetched";
import type { FakeUpstream } from "../ecr/upstream";
import {
  answer,
  blobAnswer,
  isPing,
  JSON_TYPE,
  parsePath,
  type RegistryAnswer,
  registryError,
  type RegistryRequest,
  tagsAnswer,
} from "./answer";

/*
 * The upstream registries for clients that call them directly, such as `ecr-cache refresh`, or a container client that
 * bypasses the cache. They require no authentication unless a test makes them fail with `unauthorized`.
 */

/** The beginning of the paths of upstream registries; the registry's host follows. */
export const UPSTREAM_PATH = "/_sandbox/upstream/";

/** Source of the wording of 429: https://docs.docker.com/docker-hub/usage/ */
const FAILURES: Readonly<
  Record<
    UpstreamFailure,
    { readonly status: number; readonly code: string; readonly message: string }
  >
> = {
  unauthorized: { status: 401, code: "UNAUTHORIZED", message: "authentication required" },
  "access-denied": {
    status: 403,
    code: "DENIED",
    message: "requested access to the resource is denied",
  },
  "not-found": { status: 404, code: "MANIFEST_UNKNOWN", message: "manifest unknown" },
  "too-many-requests": {
    status: 429,
    code: "TOOMANYREQUESTS",
    message:
      "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
  },
  unavailable: { status: 503, code: "UNAVAILABLE", message: "service unavailable" },
};

function fail(failure: UpstreamFailure, registry: string): RegistryAnswer {
  const { status, code, message } = FAILURES[failure];
  const error = registryError(status, code, message);
  return failure === "unauthorized"
    ? { ...error, headers: { ...error.headers, "www-authenticate": `Basic realm="${registry}"` } }
    : error;
}

/** The action of a request, for the call log. */
export function upstreamAction({ method, path }: RegistryRequest): string {
  if (isPing(path)) return `${method} /v2/`;
  const [kind = path] = parsePath(path)?.rest.split("/") ?? [];
  return `${method} ${kind}`;
}

/** Answers a request to an upstream registry. */
export async function answerUpstream(
  upstream: FakeUpstream,
  registry: string,
  request: RegistryRequest,
): Promise<RegistryAnswer> {
  const { method, path, headers } = request;
  if (method !== "GET" && method !== "HEAD") {
    return registryError(405, "UNSUPPORTED", "The sandbox's upstream registries are read-only.");
  }
  if (isPing(path)) {
    const failure = upstream.failureOf(registry);
    // A registry that lacks an image is there all the same.
    return failure !== undefined && failure !== "not-found"
      ? fail(failure, registry)
      : answer(200, JSON_TYPE, "{}");
  }
  const parsed = parsePath(path);
  if (!parsed) return registryError(404, "UNSUPPORTED", `The sandbox has no ${path}`);
  const { repository, rest } = parsed;
  const [kind = "", reference = ""] = rest.split("/");
  switch (kind) {
    case "tags":
      return tagsAnswer(repository, upstream.tagsOf(registry, repository));
    case "blobs": {
      const layer = upstream.layer(reference);
      return layer
        ? blobAnswer(layer, reference, headers.range)
        : registryError(404, "BLOB_UNKNOWN", "blob unknown to registry");
    }
    case "manifests":
      return manifestAnswer(upstream, registry, repository, reference, method);
    default:
      return registryError(404, "UNSUPPORTED", `The sandbox has no ${path}`);
  }
}

async function manifestAnswer(
  upstream: FakeUpstream,
  registry: string,
  repository: string,
  reference: string,
  method: string,
): Promise<RegistryAnswer> {
  // https://docs.docker.com/docker-hub/usage/pulls/: a version check is no pull.
  const isPull = method === "GET";
  const fetched = await upstream.fetch(registry, repository, reference, { isPull });
  if (fetched.failure) return fail(fetched.failure, registry);
  const image = fetched.images.at(-1);
  if (!image) return fail("not-found", registry);
  const headers = { "content-type": image.mediaType, "docker-content-digest": image.digest };
  return answer(200, headers, image.manifest);
}
