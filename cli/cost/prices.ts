import type { CostJson } from "./json";

/** The price of storage in a region, and where it is from. */
export type StoragePrice = Omit<CostJson["prices"][number], "region">;

/**
 * What a month's storage costs below 150 TB, standard or archive, in US dollars for a gigabyte, as AWS's page says it for
 * one region. AWS publishes the other regions' prices in a file that a command which lists images has no other reason to
 * download: https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonECR/current/REGION/index.json. `--price`
 * overrides it.
 */
export const STORAGE_PRICE = {
  usdPerGbMonth: 0.1,
  region: "us-east-1",
  source: "https://aws.amazon.com/ecr/pricing/",
  asOf: "2026-03",
} as const;

/**
 * The price in a region.
 *
 * @param given The user's own price.
 */
export function storagePrice(region: string, given?: number): StoragePrice {
  if (given !== undefined) {
    return { usdPerGbMonth: given, source: "--price", asOf: null, isAssumed: false };
  }
  const { region: known, ...price } = STORAGE_PRICE;
  return { ...price, isAssumed: region !== known };
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
