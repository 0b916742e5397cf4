import { createHash } from "node:crypto";
import { upstreamOfHost, upstreams } from "../../ecr/upstreams";

/*
 * The upstream registries. Every image exists, and its content is derived from its name, so that a name always has the
 * same digest. Tests change the content of an image, a repository or a whole registry.
 */

/** Why an upstream registry does not return an image. */
export type UpstreamFailure = "access-denied" | "not-found" | "too-many-requests" | "unavailable";

/** The content of an image, or of all images of a repository or registry. */
export interface UpstreamContent {
  /** Default: `linux/amd64` and `linux/arm64`. One platform makes a plain manifest, several make an index. */
  readonly platforms?: readonly string[];
  /** A new revision has a new digest, as if the tag had been pushed again. Default: `1`. */
  readonly revision?: string;
  readonly failure?: UpstreamFailure;
}

/** One manifest or index to be stored. */
export interface ImportedImage {
  readonly digest: string;
  readonly manifest: string;
  readonly mediaType: string;
  readonly children: readonly string[];
  /** Of an index: the largest of its images (`imageSizeInBytes` in the API reference of ImageDetail). */
  readonly sizeInBytes: number;
}

export type Fetched =
  | { readonly failure: UpstreamFailure }
  /** The images of an index come before it; the requested image is the last. */
  | { readonly failure?: undefined; readonly images: readonly ImportedImage[] };

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

const DEFAULT_PLATFORMS = ["linux/amd64", "linux/arm64"];
const DOCKER_HUB = upstreams["docker-hub"].url;

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A blob that nobody will ever see, with a size between 1 and 17 MB. */
function blob(mediaType: string, seed: string) {
  const digest = sha256(seed);
  return {
    mediaType,
    digest: `sha256:${digest}`,
    size: 1_000_000 + (Number.parseInt(digest.slice(0, 6), 16) % 16_000_000),
  };
}

function image(
  mediaType: string,
  content: object,
  rest: Pick<ImportedImage, "children"> & { readonly sizeInBytes: number },
): ImportedImage {
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, ...content });
  return { digest: `sha256:${sha256(manifest)}`, manifest, mediaType, ...rest };
}

function plainImage(seed: string): ImportedImage {
  const config = { ...blob(CONFIG, `${seed} config`), size: 7_000 };
  const layers = [blob(LAYER, `${seed} layer 1`), blob(LAYER, `${seed} layer 2`)];
  const sizeInBytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  return image(MANIFEST, { config, layers }, { children: [], sizeInBytes });
}

function imagesOf(seed: string, platforms: readonly string[]): ImportedImage[] {
  const children = platforms.map((platform) => plainImage(`${seed} ${platform}`));
  if (children.length === 1) return children;
  const manifests = children.map(({ digest, manifest, mediaType }, index) => {
    const [os = "", architecture = "", variant] = (platforms[index] ?? "").split("/");
    return {
      mediaType,
      digest,
      size: manifest.length,
      platform: { architecture, os, ...(variant && { variant }) },
    };
  });
  const index = image(
    INDEX,
    { manifests },
    {
      children: children.map(({ digest }) => digest),
      sizeInBytes: Math.max(...children.map(({ sizeInBytes }) => sizeInBytes)),
    },
  );
  return [...children, index];
}

/** `docker.io/library/nginx:1.25` and what else names an image, a repository or a registry, in one spelling. */
function keyOf(name: string): string {
  const [host = "", ...path] = name.split("/");
  return [upstreamOfHost(host) === "docker-hub" ? DOCKER_HUB : host, ...path].join("/");
}

/** The upstream registries, all in one. */
export class FakeUpstream {
  private readonly contents = new Map<string, UpstreamContent>();

  /**
   * Sets content. The name is that of an image (`docker.io/library/nginx:1.25`), a repository (`quay.io/org/app`) or a
   * registry (`ghcr.io`); settings of an image take precedence over those of its repository and registry.
   */
  set(name: string, content: UpstreamContent): void {
    const key = keyOf(name);
    this.contents.set(key, { ...this.contents.get(key), ...content });
  }

  /** Removes everything that was set. */
  reset(): void {
    this.contents.clear();
  }

  /** How a whole registry fails, if it does. */
  failureOf(registry: string): UpstreamFailure | undefined {
    return this.contents.get(keyOf(registry))?.failure;
  }

  /** The image that a tag names now. */
  fetch(registry: string, repository: string, tag: string): Fetched {
    const names = [registry, `${registry}/${repository}`, `${registry}/${repository}:${tag}`];
    const content = names.reduce<UpstreamContent>(
      (general, name) => ({ ...general, ...this.contents.get(keyOf(name)) }),
      {},
    );
    const failure =
      content.failure ?? (hasOddPath(registry, repository) ? "access-denied" : undefined);
    if (failure) return { failure };
    const { platforms = DEFAULT_PLATFORMS, revision = "1" } = content;
    return { images: imagesOf(`${keyOf(registry)}/${repository}:${tag} ${revision}`, platforms) };
  }
}

/**
 * Docker Hub's official images are pulled with their `library/`, and only these: without it, or with it before another
 * name, the answer is 403.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html and
 * https://github.com/aws/containers-roadmap/issues/2354
 */
function hasOddPath(registry: string, repository: string): boolean {
  if (keyOf(registry) !== DOCKER_HUB) return false;
  const [first, ...rest] = repository.split("/");
  return rest.length === 0 || (first === "library" && rest.length > 1);
}
