import { type CachedImage, lastUsedAt } from "../../registry/cached-image";

/** An image of the cache, and the region that has it. */
export type RegionalImage = CachedImage & { readonly region: string };

type Order = (a: RegionalImage, b: RegionalImage) => number;

const byName: Order = (a, b) =>
  a.repository === b.repository
    ? (a.tags[0] ?? "").localeCompare(b.tags[0] ?? "") ||
      a.digest.localeCompare(b.digest) ||
      a.region.localeCompare(b.region)
    : a.repository < b.repository
      ? -1
      : 1;

/** The orders that `--sort` offers. */
export const imageOrders = {
  repository: { meaning: "by name", compare: byName },
  size: { meaning: "largest first", compare: (a, b) => b.sizeBytes - a.sizeBytes },
  pushed: {
    meaning: "newest first",
    compare: (a, b) => b.pushedAt.getTime() - a.pushedAt.getTime(),
  },
  pulled: {
    meaning: "longest unpulled first",
    compare: (a, b) => lastUsedAt(a).getTime() - lastUsedAt(b).getTime(),
  },
} as const satisfies Record<string, { readonly meaning: string; readonly compare: Order }>;

export type ImageOrder = keyof typeof imageOrders;

/** Images in an order. Without a limit all of them are held in memory; with one, up to twice as many as the limit. */
export class SortedImages {
  private images: RegionalImage[] = [];
  private readonly compare: Order;

  /** @param limit How many of the first ones are wanted. Default: all. */
  constructor(
    order: ImageOrder,
    isReversed = false,
    private readonly limit = Infinity,
  ) {
    const { compare } = imageOrders[order];
    // Ties are broken by name, so that the same cache is always listed in the same order.
    this.compare = (a, b) => (isReversed ? compare(b, a) : compare(a, b)) || byName(a, b);
  }

  add(image: RegionalImage): void {
    this.images.push(image);
    if (this.images.length >= 2 * this.limit) this.cut();
  }

  /** The images in their order. */
  list(): readonly RegionalImage[] {
    this.cut();
    return this.images;
  }

  private cut(): void {
    this.images.sort(this.compare);
    if (this.images.length > this.limit) this.images.length = this.limit;
  }
}
