import type { CostJson } from "./json";
import { monthlyCost } from "./prices";
import type { Storage } from "./storage";

export interface CostReportParts extends Pick<
  CostJson,
  "environment" | "account" | "region" | "price" | "sharedLayers" | "dockerHub"
> {
  readonly at: Date;
  readonly storage: Storage;
}

/** Adds the price of everything that is stored. */
export function costReport({ storage, at, price, ...rest }: CostReportParts): CostJson {
  const priced = <Stored extends { readonly bytes: number }>(stored: Stored) => ({
    ...stored,
    usdPerMonth: monthlyCost(stored.bytes, price),
  });
  const { freed } = storage;
  return {
    ...rest,
    at: at.toISOString(),
    price,
    total: priced(storage.total),
    upstreams: storage.upstreams.map(priced),
    ages: storage.ages.map(priced),
    repositories: storage.repositories.map(priced),
    lifecycle: {
      ...freed,
      usdPerMonth: {
        atLeast: monthlyCost(freed.bytes.atLeast, price),
        atMost: monthlyCost(freed.bytes.atMost, price),
      },
    },
  };
}
