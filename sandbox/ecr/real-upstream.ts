import type { Fetched, ImportedImage, UpstreamFailure } from "./fetched";

/*
 * Images of a registry that runs on this machine, such as Debian's docker-registry, in the place of an upstream.
 */

/** Source: https://github.com/opencontainers/image-spec and https://distribution.github.io/distribution/spec/ */
const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const FAILURES: Readonly<Record<number, UpstreamFailure>> = {
  401: "unauthorized",
  403: "access-denied",
  404: "not-found",
  429: "too-many-requests",
};

class Refusal extends Error {
  constructor(readonly failure: UpstreamFailure) {
    super(failure);
  }
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url, { headers: { accept: MEDIA_TYPES } }).catch(() => undefined);
  if (response?.ok) return response;
  throw new Refusal(FAILURES[response?.status ?? 0] ?? "unavailable");
}

interface Descriptor {
  readonly digest: string;
}

interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** The images of a reference; those of an index come before it. Blobs are downloaded, as ECR does. */
async function importImages(repository: string, reference: string): Promise<ImportedImage[]> {
  const response = await get(`${repository}/manifests/${reference}`);
  const manifest = await response.text();
  const { config, layers = [], manifests = [] } = JSON.parse(manifest) as Manifest;
  const below = await Promise.all(manifests.map(({ digest }) => importImages(repository, digest)));
  const children = below.flat();
  const blobs = await Promise.all(
    [...(config ? [config] : []), ...layers].map(async ({ digest }) => {
      const blob = await get(`${repository}/blobs/${digest}`);
      const content = Buffer.from(await blob.arrayBuffer());
      return [digest, { size: content.length, read: () => content }] as const;
    }),
  );
  const sizes = manifests.length > 0 ? children.map(({ sizeInBytes }) => sizeInBytes) : [];
  return [
    ...children,
    {
      digest: response.headers.get("docker-content-digest") ?? reference,
      manifest,
      mediaType: response.headers.get("content-type") ?? "",
      children: manifests.map(({ digest }) => digest),
      sizeInBytes: Math.max(
        blobs.reduce((sum, [, { size }]) => sum + size, 0),
        ...sizes,
      ),
      layers: new Map(blobs),
    },
  ];
}

/**
 * Fetches an image.
 *
 * @param url the registry's, such as `http://127.0.0.1:5000`
 * @param reference a tag or a digest
 */
export async function fetchReal(
  url: string,
  repository: string,
  reference: string,
): Promise<Fetched> {
  try {
    return { images: await importImages(`${url}/v2/${repository}`, reference) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { failure: error.failure };
  }
}
