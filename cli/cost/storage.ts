import type { LifecyclePolicyDocument } from "../../ecr/lifecycle-policy";
import type { UpstreamName } from "../../ecr/upstreams";
import { type CachedImage, storedBytes } from "../../registry/cached-image";
import { DAY_MS } from "../../ecr/day";
import { estimateExpiry } from "./lifecycle-estimate";
import type { Manifest } from "../../registry/manifest";

/*
 * What a cache stores, by upstream, repository and age. Repositories are added one by one, so that only one repository's
 * images are in memory.
 */

/** A number of images and the storage that they take. */
export interface StoredAmount {
  readonly images: number;
  readonly bytes: number;
}

export interface UpstreamStorage extends StoredAmount {
  readonly upstream: UpstreamName;
  readonly prefix: string;
  readonly repositories: number;
}

export interface RepositoryStorage extends StoredAmount {
  readonly repository: string;
  readonly prefix: string;
}

/** Images by the time since ECR stored them. */
export interface AgeStorage extends StoredAmount {
  /** In days, inclusive. */
  readonly fromDays: number;
  /** In days, exclusive; null: no limit. */
  readonly toDays: number | null;
}

/** What the lifecycle policies would free, as a range. */
export interface FreedStorage {
  readonly images: { readonly atLeast: number; readonly atMost: number };
  readonly bytes: { readonly atLeast: number; readonly atMost: number };
}

export interface Storage {
  readonly total: StoredAmount & { readonly repositories: number };
  /** In the order of the environment's rules. */
  readonly upstreams: readonly UpstreamStorage[];
  readonly ages: readonly AgeStorage[];
  /** The largest first. */
  readonly repositories: readonly RepositoryStorage[];
  readonly freed: FreedStorage;
}

/** The part of a rule by which storage is grouped and estimated. */
export interface StorageRule {
  readonly upstream: UpstreamName;
  readonly prefix: string;
  readonly lifecyclePolicy: LifecyclePolicyDocument;
}

/** The boundaries between ages, in days. */
const AGES: readonly number[] = [0, 7, 30, 90, 180, 365];

interface Sum {
  images: number;
  bytes: number;
}

const zero = (): Sum => ({ images: 0, bytes: 0 });

function add(sum: Sum, bytes: number): void {
  sum.images += 1;
  sum.bytes += bytes;
}

type Manifests = ReadonlyMap<string, Manifest>;

/** What each image adds to the storage: its size, or, if the manifests are known, the layers that no older image has. */
function sizesOf(
  images: readonly CachedImage[],
  manifests: Manifests | undefined,
): Map<CachedImage, number> {
  if (!manifests) return new Map(images.map((image) => [image, storedBytes(image)]));
  const seen = new Set<string>();
  // A blob is as old as the oldest image that has it.
  const oldestFirst = [...images].sort((a, b) => a.pushedAt.getTime() - b.pushedAt.getTime());
  return new Map(
    oldestFirst.map((image) => {
      const manifest = manifests.get(image.digest);
      if (!manifest) return [image, storedBytes(image)];
      let bytes = 0;
      for (const { digest, sizeBytes } of manifest.blobs) {
        if (!seen.has(digest)) bytes += sizeBytes;
        seen.add(digest);
      }
      return [image, bytes];
    }),
  );
}

/** What deleting images frees: their sizes, or, if the manifests are known, the layers that no remaining image has. */
function freedBytes(
  images: readonly CachedImage[],
  gone: readonly CachedImage[],
  manifests: Manifests | undefined,
): number {
  if (gone.length === 0) return 0;
  const sum = (some: readonly CachedImage[]) =>
    [...sizesOf(some, manifests).values()].reduce((total, bytes) => total + bytes, 0);
  if (!manifests) return sum(gone);
  const leaving = new Set(gone);
  return sum(images) - sum(images.filter((image) => !leaving.has(image)));
}

/** Adds storage up. */
export class StorageCount {
  private readonly total = { ...zero(), repositories: 0 };
  private readonly upstreams: Map<string, Sum & { repositories: number }>;
  private readonly ages = AGES.map(zero);
  private readonly repositories: RepositoryStorage[] = [];
  private readonly freed = {
    images: { atLeast: 0, atMost: 0 },
    bytes: { atLeast: 0, atMost: 0 },
  };

  constructor(
    private readonly rules: readonly StorageRule[],
    private readonly now: Date,
  ) {
    this.upstreams = new Map(rules.map(({ prefix }) => [prefix, { ...zero(), repositories: 0 }]));
  }

  /**
   * Counts a repository.
   *
   * @param images All its images.
   * @param manifests Their manifests by digest; if given, shared layers are counted once.
   */
  addRepository(
    repository: string,
    prefix: string,
    images: readonly CachedImage[],
    manifests?: Manifests,
  ): void {
    const own = zero();
    for (const [image, bytes] of sizesOf(images, manifests)) {
      add(own, bytes);
      add(this.ages[this.ageOf(image)]!, bytes);
    }
    this.total.repositories += 1;
    this.total.images += own.images;
    this.total.bytes += own.bytes;
    const upstream = this.upstreams.get(prefix);
    if (upstream) {
      upstream.repositories += 1;
      upstream.images += own.images;
      upstream.bytes += own.bytes;
    }
    this.repositories.push({ repository, prefix, ...own });

    const rule = this.rules.find((candidate) => candidate.prefix === prefix);
    if (!rule) return;
    const { atLeast, atMost } = estimateExpiry(rule.lifecyclePolicy, images, this.now, manifests);
    this.freed.images.atLeast += atLeast.length;
    this.freed.images.atMost += atMost.length;
    this.freed.bytes.atLeast += freedBytes(images, atLeast, manifests);
    this.freed.bytes.atMost += freedBytes(images, atMost, manifests);
  }

  result(): Storage {
    return {
      total: { ...this.total },
      upstreams: this.rules.map(({ upstream, prefix }) => ({
        upstream,
        prefix,
        ...this.upstreams.get(prefix)!,
      })),
      ages: this.ages.map((sum, index) => ({
        fromDays: AGES[index]!,
        toDays: AGES[index + 1] ?? null,
        ...sum,
      })),
      repositories: [...this.repositories].sort(
        (a, b) => b.bytes - a.bytes || (a.repository < b.repository ? -1 : 1),
      ),
      freed: this.freed,
    };
  }

  private ageOf({ pushedAt }: CachedImage): number {
    const days = (this.now.getTime() - pushedAt.getTime()) / DAY_MS;
    return Math.max(
      0,
      AGES.findLastIndex((from) => days >= from),
    );
  }
}
