/*
 * What ECR charges for storage.
 *
 * AWS's own page (https://aws.amazon.com/ecr/pricing/) can't be read by a program, and its price list needs a call that
 * few roles may make. So the prices are written down here, with where and when they were seen; `--price` overrides them.
 */

/** The price of a month's storage in one region. */
export interface StoragePrice {
  /** US dollars for a gigabyte and a month; standard and archive storage cost the same below 150 TB. */
  readonly usdPerGbMonth: number;
  /** Who says so: a page, or `--price`. */
  readonly source: string;
  /** The month in which it was seen; null for what the user says. */
  readonly asOf: string | null;
  /** Whether the region's own price was not seen, and another's stands for it. */
  readonly isAssumed: boolean;
}

interface SeenPrice {
  readonly usdPerGbMonth: number;
  readonly source: string;
  readonly asOf: string;
}

const SEEN: Readonly<Record<string, SeenPrice>> = {
  "us-east-1": {
    usdPerGbMonth: 0.1,
    source: "https://cloudburn.io/blog/amazon-ecr-pricing",
    asOf: "2026-03",
  },
  "eu-west-1": {
    usdPerGbMonth: 0.1,
    source:
      "https://www.factualminds.com/blog/amazon-ecr-pricing-storage-replication-pull-through/",
    asOf: "2026-06",
  },
  "ap-northeast-1": {
    usdPerGbMonth: 0.1,
    source: "https://c3index.co.jp/blog/blog_2780",
    asOf: "2026-03",
  },
};

const REFERENCE_REGION = "us-east-1";

/**
 * The price in a region.
 *
 * @param given What the user says it is.
 */
export function storagePrice(region: string, given?: number): StoragePrice {
  if (given !== undefined) {
    return { usdPerGbMonth: given, source: "--price", asOf: null, isAssumed: false };
  }
  const seen = SEEN[region];
  return seen ? { ...seen, isAssumed: false } : { ...SEEN[REFERENCE_REGION]!, isAssumed: true };
}

/**
 * Bytes in a gigabyte. AWS does not say whether ECR's are of 10⁹ or 2³⁰ bytes; with the smaller ones an estimate is
 * never too low, and at most 7 % too high.
 */
export const BYTES_PER_GB = 1_000_000_000;

/** What so many bytes cost in a month, in US dollars. */
export function monthlyCost(bytes: number, { usdPerGbMonth }: StoragePrice): number {
  return (bytes / BYTES_PER_GB) * usdPerGbMonth;
}
