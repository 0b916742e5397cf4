import type { IncomingHttpHeaders } from "node:http";
import type { Layer } from "../ecr/state";

/*
 * What both kinds of registries have in common: the API of the OCI distribution specification.
 *
 * Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */

export interface RegistryRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The URL at which the registry was called, such as `http://127.0.0.1:4566`. */
  readonly origin: string;
  /** The URL below which layers are. */
  readonly layerOrigin: string;
  body(): Promise<Buffer>;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Not sent in response to HEAD, but its length is. Default: none. */
  readonly body?: string | Buffer;
}

export const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

const VERSION = { "docker-distribution-api-version": "registry/2.0" };

/** A response with the header that clients recognize a registry by. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): RegistryAnswer {
  return { status, headers: { ...VERSION, ...headers }, ...(body !== undefined && { body }) };
}

/** An error. @param code one of the specification, or of distribution's */
export function registryError(status: number, code: string, message: string): RegistryAnswer {
  return answer(status, JSON_TYPE, JSON.stringify({ errors: [{ code, message }] }));
}

/** The content of a blob, or the range of it that is requested. */
export function blobAnswer(layer: Layer, digest: string, range: string | undefined) {
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
  };
  const content = layer.read();
  const [, first, last] = /^bytes=([0-9]+)-([0-9]*)$/.exec(range ?? "") ?? [];
  if (first === undefined) return answer(200, headers, content);
  const start = Number(first);
  const end = Math.min(last ? Number(last) : content.length - 1, content.length - 1);
  if (start > end) return answer(416, { "content-range": `bytes */${content.length}` });
  return answer(
    206,
    { ...headers, "content-range": `bytes ${start}-${end}/${content.length}` },
    content.subarray(start, end + 1),
  );
}

/** What a request is about: the repository, and the rest of the path. Undefined for the registry itself. */
export function parsePath(path: string): { repository: string; rest: string } | undefined {
  const [pathname = ""] = path.split("?");
  const match =
    /^\/v2\/(.+)\/(tags\/list|blobs\/uploads\/[^/]*|(?:manifests|blobs|referrers)\/[^/]+)$/.exec(
      pathname,
    );
  if (!match) return undefined;
  const [, repository = "", rest = ""] = match;
  return { repository: decodeURIComponent(repository), rest: decodeURIComponent(rest) };
}

/** Whether a path is that of a registry's API. */
export function isRegistryPath(path: string): boolean {
  return /^\/v2(\/|$)/.test(path);
}

/** Whether a path is the registry itself, which clients call first to see whether they have to log in. */
export function isPing(path: string): boolean {
  return /^\/v2\/?(\?|$)/.test(path);
}

/** A page of tags. @param link the path of the next page */
export function tagsAnswer(name: string, tags: readonly string[], link?: string): RegistryAnswer {
  const headers = { ...JSON_TYPE, ...(link !== undefined && { link: `<${link}>; rel="next"` }) };
  return answer(200, headers, JSON.stringify({ name, tags }));
}
