import type { UpstreamName } from "../../ecr/upstreams";
import type { DockerHubQuota } from "./docker-hub-quota";
import { monthlyCost, type StoragePrice } from "./prices";
import type { Storage } from "./storage";

/** What storage costs in a month, in US dollars. */
interface Priced {
  readonly usdPerMonth: number;
}

interface Amount extends Priced {
  readonly images: number;
  readonly bytes: number;
}

interface Range {
  readonly atLeast: number;
  readonly atMost: number;
}

/** What a cache costs. It is what `cost --json` prints. */
export interface CostReport {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  /** When it was made: ISO 8601. */
  readonly at: string;
  readonly price: StoragePrice;
  /** Whether layers that images of one repository share were counted once, as ECR stores them, or for each image. */
  readonly sharedLayers: "counted-once" | "counted-for-each-image";
  readonly total: Amount & { readonly repositories: number };
  readonly upstreams: readonly (Amount & {
    readonly upstream: UpstreamName;
    readonly prefix: string;
    readonly repositories: number;
  })[];
  readonly ages: readonly (Amount & {
    readonly fromDays: number;
    readonly toDays: number | null;
  })[];
  /** The largest first. */
  readonly repositories: readonly (Amount & {
    readonly repository: string;
    readonly prefix: string;
  })[];
  /** What the environment's lifecycle policies would free, an estimate. */
  readonly lifecycle: {
    readonly images: Range;
    readonly bytes: Range;
    readonly usdPerMonth: Range;
  };
  /** Null: the environment has no rule for Docker Hub. */
  readonly dockerHub: DockerHubQuota | null;
}

export interface CostReportParts extends Pick<
  CostReport,
  "environment" | "account" | "region" | "price" | "sharedLayers" | "dockerHub"
> {
  readonly at: Date;
  readonly storage: Storage;
}

/** Puts a price on everything that is stored. */
export function costReport(parts: CostReportParts): CostReport {
  const { storage, at, price, dockerHub, ...rest } = parts;
  const priced = <Stored extends { readonly bytes: number }>(stored: Stored): Stored & Priced => ({
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
    dockerHub,
  };
}
