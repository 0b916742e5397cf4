import type { FakeUpstream, UpstreamFailure } from "./ecr/upstream";

/*
 * The upstream registries for clients that call them directly, such as `ecr-cache refresh`: manifests, by the API of the
 * OCI distribution specification (https://github.com/opencontainers/distribution-spec). They require no authentication.
 */

/** What the paths of the upstream registries begin with; the registry's host follows. */
export const UPSTREAM_PATH = "/_sandbox/upstream/";

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const STATUS: Readonly<Record<UpstreamFailure, number>> = {
  "access-denied": 403,
  "not-found": 404,
  "too-many-requests": 429,
  unavailable: 503,
};

const NOTHING = { headers: {}, body: "" };

/** Answers GET and HEAD of `UPSTREAM_PATH` `HOST/v2/REPOSITORY/manifests/TAG`. */
export function answerUpstream(
  upstream: FakeUpstream,
  method: string,
  path: string,
): RegistryAnswer {
  const [, registry = "", repository = "", tag = ""] =
    /^([^/]+)\/v2\/(.+)\/manifests\/([^/?]+)$/.exec(path.slice(UPSTREAM_PATH.length)) ?? [];
  if (registry === "" || (method !== "GET" && method !== "HEAD")) {
    return { status: 404, ...NOTHING };
  }
  const fetched = upstream.fetch(registry, repository, tag);
  if (fetched.failure) return { status: STATUS[fetched.failure], ...NOTHING };
  const image = fetched.images.at(-1);
  if (!image) return { status: 404, ...NOTHING };
  return {
    status: 200,
    headers: { "content-type": image.mediaType, "docker-content-digest": image.digest },
    body: method === "HEAD" ? "" : image.manifest,
  };
}
