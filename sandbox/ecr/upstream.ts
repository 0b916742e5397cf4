import { setTimeout as wait } from "node:timers/promises";
import { Clock } from "./clock";
import type { Fetched, ImportedImage, UpstreamFailure } from "./fetched";
import { fetchReal } from "./real-upstream";
import type { Layer } from "./state";
import { syntheticImages } from "./synthetic-image";

/** The content of an image, or of all images of a repository or registry. */
export interface UpstreamContent {
  /** Default: `linux/amd64` and `linux/arm64`. One platform makes a plain manifest, several make an index. */
  readonly platforms?: readonly string[];
  /** A new revision has a new digest, as if the tag had been pushed again. Default: `1`. */
  readonly revision?: string;
  readonly failure?: UpstreamFailure;
  /** How many images can be pulled in six hours, as on Docker Hub; more are `too-many-requests`. Default: no limit. */
  readonly limit?: number;
  /** How long each answer takes, in milliseconds. Default: 0. */
  readonly delay?: number;
  /** A registry on this machine whose images these are, such as `http://127.0.0.1:5000`. Default: synthetic images. */
  readonly url?: string;
}

const DEFAULT_PLATFORMS = ["linux/amd64", "linux/arm64"];
const DOCKER_HUB = "registry-1.docker.io";

/** Source: https://docs.docker.com/docker-hub/usage/ */
const LIMIT_PERIOD = 6 * 60 * 60 * 1000;

/** `docker.io/library/nginx:1.25` and what else names an image, a repository or a registry, in one spelling. */
function keyOf(name: string): string {
  const [host = "", ...path] = name.split("/");
  const isDockerHub = ["docker.io", "index.docker.io", DOCKER_HUB].includes(host);
  return [isDockerHub ? DOCKER_HUB : host, ...path].join("/");
}

/**
 * The upstream registries. Every image exists, with content that is derived from its name, unless a test says otherwise
 * of the image, its repository or its registry.
 */
export class FakeUpstream {
  private readonly contents = new Map<string, UpstreamContent>();
  /** The times of pulls, by what has a limit. */
  private readonly pulls = new Map<string, number[]>();
  /** What was served, by repository: tags, and images and layers by digest. */
  private readonly served = new Map<string, Map<string, ImportedImage>>();
  private readonly tags = new Map<string, Set<string>>();
  private readonly layers = new Map<string, Layer>();

  constructor(private readonly clock: Pick<Clock, "now"> = new Clock()) {}

  /**
   * Sets content. The name is that of an image (`docker.io/library/nginx:1.25`), a repository (`quay.io/org/app`) or a
   * registry (`ghcr.io`); settings of an image take precedence over those of its repository and registry. Settings that
   * are not given stay; one that is given as undefined is removed.
   */
  set(name: string, content: UpstreamContent): void {
    const key = keyOf(name);
    this.contents.set(key, { ...this.contents.get(key), ...content });
  }

  /** Removes all settings of a name, but not of what is below it. */
  unset(name: string): void {
    this.contents.delete(keyOf(name));
  }

  /** Removes everything that was set or served. */
  reset(): void {
    for (const map of [this.contents, this.pulls, this.served, this.tags, this.layers]) map.clear();
  }

  /** The failure of a whole registry, if it fails. */
  failureOf(registry: string): UpstreamFailure | undefined {
    return this.contents.get(keyOf(registry))?.failure;
  }

  /**
   * The image that a tag or digest names now. Digests are known once a tag has led to them.
   *
   * @param isPull whether it counts against the limit; a HEAD request does not
   */
  async fetch(
    registry: string,
    repository: string,
    reference: string,
    { isPull = true }: { readonly isPull?: boolean } = {},
  ): Promise<Fetched> {
    const content = this.contentOf(registry, repository, reference);
    if (content.delay) await wait(content.delay);
    const failure =
      content.failure ?? (hasOddPath(registry, repository) ? "access-denied" : undefined);
    if (failure) return { failure };
    if (isPull && !this.countPull(registry, repository)) return { failure: "too-many-requests" };
    const fetched = await this.find(registry, repository, reference, content);
    if (!fetched.failure) this.remember(`${keyOf(registry)}/${repository}`, reference, fetched);
    return fetched;
  }

  /** A layer or configuration that an image refers to, once the image was served. */
  layer(digest: string): Layer | undefined {
    return this.layers.get(digest);
  }

  /** The tags of a repository that were served, sorted. */
  tagsOf(registry: string, repository: string): string[] {
    return [...(this.tags.get(`${keyOf(registry)}/${repository}`) ?? [])].sort();
  }

  private contentOf(registry: string, repository: string, reference: string): UpstreamContent {
    const names = [registry, `${registry}/${repository}`, `${registry}/${repository}:${reference}`];
    return names.reduce<UpstreamContent>(
      (general, name) => ({ ...general, ...this.contents.get(keyOf(name)) }),
      {},
    );
  }

  private countPull(registry: string, repository: string): boolean {
    return [registry, `${registry}/${repository}`].every((name) => {
      const key = keyOf(name);
      const limit = this.contents.get(key)?.limit;
      if (limit === undefined) return true;
      const now = this.clock.now().getTime();
      const recent = (this.pulls.get(key) ?? []).filter((time) => now - time < LIMIT_PERIOD);
      if (recent.length >= limit) return false;
      this.pulls.set(key, [...recent, now]);
      return true;
    });
  }

  private find(
    registry: string,
    repository: string,
    reference: string,
    { url, platforms = DEFAULT_PLATFORMS, revision = "1" }: UpstreamContent,
  ): Fetched | Promise<Fetched> {
    if (url !== undefined) return fetchReal(url, repository, reference);
    const name = `${keyOf(registry)}/${repository}`;
    if (!reference.includes(":")) {
      return { images: syntheticImages(`${name}:${reference} ${revision}`, platforms) };
    }
    const image = this.served.get(name)?.get(reference);
    return image ? { images: [image] } : { failure: "not-found" };
  }

  private remember(
    name: string,
    reference: string,
    { images }: { readonly images: readonly ImportedImage[] },
  ): void {
    const served = this.served.get(name) ?? new Map<string, ImportedImage>();
    this.served.set(name, served);
    for (const image of images) {
      served.set(image.digest, image);
      for (const [digest, layer] of image.layers) this.layers.set(digest, layer);
    }
    if (reference.includes(":")) return;
    this.tags.set(name, (this.tags.get(name) ?? new Set()).add(reference));
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
