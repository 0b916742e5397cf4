import type { CachedImage } from "../../registry/cached-image";
import { lastUse } from "./filter";

type Order = (a: CachedImage, b: CachedImage) => number;

const byName: Order = (a, b) =>
  a.repository === b.repository
    ? (a.tags[0] ?? "").localeCompare(b.tags[0] ?? "") || (a.digest < b.digest ? -1 : 1)
    : a.repository < b.repository
      ? -1
      : 1;

/** The orders that images can be listed in, each with the one first that is looked for. */
export const imageOrders = {
  /** By name. */
  repository: byName,
  /** The largest first. */
  size: (a, b) => b.sizeBytes - a.sizeBytes,
  /** The one that was stored last first. */
  pushed: (a, b) => b.pushedAt.getTime() - a.pushedAt.getTime(),
  /** The one that nobody has used for the longest time first. */
  pulled: (a, b) => lastUse(a).getTime() - lastUse(b).getTime(),
} as const satisfies Record<string, Order>;

export type ImageOrder = keyof typeof imageOrders;

/**
 * Images in an order. Whoever wants all of them sorted has to hold all of them; with a limit, never more than twice as
 * many are held as are wanted.
 */
export class SortedImages {
  private images: CachedImage[] = [];
  private readonly compare: Order;

  /** @param limit How many are wanted: the first ones. Default: all. */
  constructor(
    order: ImageOrder,
    isReversed = false,
    private readonly limit = Infinity,
  ) {
    const compare = imageOrders[order];
    // Equal ones are told apart by name, so that the same cache is always listed in the same way.
    this.compare = (a, b) => (isReversed ? compare(b, a) : compare(a, b)) || byName(a, b);
  }

  add(image: CachedImage): void {
    this.images.push(image);
    if (this.images.length >= 2 * this.limit) this.cut();
  }

  /** The images in their order. */
  list(): readonly CachedImage[] {
    this.cut();
    return this.images;
  }

  private cut(): void {
    this.images.sort(this.compare);
    if (this.images.length > this.limit) this.images.length = this.limit;
  }
}
