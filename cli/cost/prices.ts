import storagePrices from "./storage-prices.json";
import type { CostJson } from "./json";

/** The price of storage in a region, and where it is from. */
export type StoragePrice = Omit<CostJson["prices"][number], "region">;

type KnownPrice = Omit<StoragePrice, "isAssumed">;

/**
 * What a month's storage costs below 150 TB, standard or archive, in US dollars for a gigabyte, by region, as far as a
 * source says. `npm run storage-prices` adds the regions of AWS's price lists.
 */
const PRICES: Readonly<Record<string, KnownPrice>> = storagePrices;

/** The region whose price is assumed where none is known. */
export const ASSUMED_REGION = "us-east-1";

/** Its price. */
export const STORAGE_PRICE: KnownPrice = storagePrices[ASSUMED_REGION];

/**
 * The price in a region.
 *
 * @param given The user's own price.
 */
export function storagePrice(region: string, given?: number): StoragePrice {
  if (given !== undefined) {
    return { usdPerGbMonth: given, source: "--price", asOf: null, isAssumed: false };
  }
  const known = Object.hasOwn(PRICES, region) ? PRICES[region] : undefined;
  return { ...(known ?? STORAGE_PRICE), isAssumed: known === undefined };
}

/**
 * Bytes in a gigabyte. AWS does not document whether ECR's has 10⁹ or 2³⁰ bytes; with the smaller one an estimate is never
 * too low, and at most 7 % too high.
 */
export const BYTES_PER_GB = 1_000_000_000;

/** What this many bytes cost in a month, in US dollars. */
export function monthlyCost(bytes: number, { usdPerGbMonth }: StoragePrice): number {
  return (bytes / BYTES_PER_GB) * usdPerGbMonth;
}
