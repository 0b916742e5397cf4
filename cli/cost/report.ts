import type { CostJson } from "./json";
import { monthlyCost, type StoragePrice } from "./prices";
import type { Storage } from "./storage";

/** What was counted in a region. */
export interface RegionStorage {
  readonly region: string;
  readonly price: StoragePrice;
  readonly storage: Storage;
  readonly dockerHub: Omit<CostJson["dockerHub"][number], "region"> | null;
}

type Range = CostJson["lifecycle"]["bytes"];

const addRanges = (one: Range, other: Range): Range => ({
  atLeast: one.atLeast + other.atLeast,
  atMost: one.atMost + other.atMost,
});

const NOTHING = { images: 0, bytes: 0, usdPerMonth: 0 };
const NONE: Range = { atLeast: 0, atMost: 0 };

/** Adds up what is stored in all regions, with its price. */
export function costReport(
  {
    at,
    ...rest
  }: Pick<CostJson, "environment" | "account" | "sharedLayers"> & { readonly at: Date },
  counted: readonly RegionStorage[],
): CostJson {
  const rows = <Stored extends { readonly bytes: number }>(
    pick: (storage: Storage) => readonly Stored[],
  ) =>
    counted.flatMap(({ region, price, storage }) =>
      pick(storage).map((stored) => ({
        region,
        ...stored,
        usdPerMonth: monthlyCost(stored.bytes, price),
      })),
    );
  const totals = rows(({ total }) => [total]);
  return {
    ...rest,
    regions: counted.map(({ region }) => region),
    at: at.toISOString(),
    prices: counted.map(({ region, price }) => ({ region, ...price })),
    total: totals.reduce(
      (sum, { repositories, images, bytes, usdPerMonth }) => ({
        repositories: sum.repositories + repositories,
        images: sum.images + images,
        bytes: sum.bytes + bytes,
        usdPerMonth: sum.usdPerMonth + usdPerMonth,
      }),
      { repositories: 0, ...NOTHING },
    ),
    upstreams: rows(({ upstreams }) => upstreams),
    ages: rows(({ ages }) => ages),
    repositories: rows(({ repositories }) => repositories).sort((a, b) => b.bytes - a.bytes),
    lifecycle: counted.reduce<CostJson["lifecycle"]>(
      (sum, { price, storage: { freed } }) => ({
        images: addRanges(sum.images, freed.images),
        bytes: addRanges(sum.bytes, freed.bytes),
        usdPerMonth: addRanges(sum.usdPerMonth, {
          atLeast: monthlyCost(freed.bytes.atLeast, price),
          atMost: monthlyCost(freed.bytes.atMost, price),
        }),
      }),
      { images: NONE, bytes: NONE, usdPerMonth: NONE },
    ),
    dockerHub: counted.flatMap(({ region, dockerHub }) =>
      dockerHub ? [{ region, ...dockerHub }] : [],
    ),
  };
}

/** The ages of the images of all regions together. */
export function agesOfAll({ ages }: CostJson): Omit<CostJson["ages"][number], "region">[] {
  const sums = new Map<number, Omit<CostJson["ages"][number], "region">>();
  for (const { fromDays, toDays, images, bytes, usdPerMonth } of ages) {
    const sum = sums.get(fromDays) ?? NOTHING;
    sums.set(fromDays, {
      fromDays,
      toDays,
      images: sum.images + images,
      bytes: sum.bytes + bytes,
      usdPerMonth: sum.usdPerMonth + usdPerMonth,
    });
  }
  return [...sums.values()];
}

/** What is named in a row, with its region where there are several. */
export function inRegion({ regions }: CostJson, name: string, region: string): string {
  return regions.length > 1 ? `${name} in ${region}` : name;
}
