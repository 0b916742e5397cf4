import type * as Zod from "zod";
import { upstreamNames } from "../../ecr/upstreams";
import type { JsonOf } from "../shell/json-contract";

/** What `cost --json` prints. */
export const costJson = (z: typeof Zod) => {
  const amount = { images: z.int(), bytes: z.number(), usdPerMonth: z.number() };
  const range = z.strictObject({ atLeast: z.number(), atMost: z.number() });
  return z.strictObject({
    environment: z.string(),
    account: z.string(),
    /** The regions that were counted. */
    regions: z.array(z.string()),
    /** When the images were listed. */
    at: z.iso.datetime(),
    prices: z.array(
      z.strictObject({
        region: z.string(),
        /** US dollars for a gigabyte and month. */
        usdPerGbMonth: z.number(),
        /** A web page, or `--price`. */
        source: z.string(),
        /** The month in which the page said so; null: `--price`. */
        asOf: z.string().nullable(),
        /** Whether the source does not say it for this region. */
        isAssumed: z.boolean(),
      }),
    ),
    /** Whether layers that images of a repository share were counted once, as ECR stores them, or for each image. */
    sharedLayers: z.enum(["counted-once", "counted-for-each-image"]),
    total: z.strictObject({ repositories: z.int(), ...amount }),
    upstreams: z.array(
      z.strictObject({
        region: z.string(),
        upstream: z.enum(upstreamNames),
        prefix: z.string(),
        repositories: z.int(),
        ...amount,
      }),
    ),
    ages: z.array(
      z.strictObject({
        region: z.string(),
        fromDays: z.int(),
        toDays: z.int().nullable(),
        ...amount,
      }),
    ),
    /** The largest first. */
    repositories: z.array(
      z.strictObject({ region: z.string(), repository: z.string(), prefix: z.string(), ...amount }),
    ),
    /** What the environment's lifecycle policies would free, an estimate. */
    lifecycle: z.strictObject({ images: range, bytes: range, usdPerMonth: range }),
    /** Empty: the environment has no rule for Docker Hub. */
    dockerHub: z.array(
      z.strictObject({
        region: z.string(),
        limits: z.strictObject({
          windowHours: z.int(),
          anonymous: z.int(),
          personal: z.int(),
          source: z.string(),
          asOf: z.string(),
        }),
        /** Tags that are cached. ECR asks Docker Hub for each at most once a day. */
        tags: z.int(),
        /**
         * Pulls that Docker Hub counts at the most in a day, if every tag is pulled and has moved: one for each image of an
         * index. How many an index lists is estimated from the images without a tag beside it.
         */
        dailyPulls: z.int(),
        /** Images pulled in the last 24 hours: without the cache, at least as many pulls from Docker Hub. */
        pulledLastDay: z.int(),
        /** Null: `--pulls` was not given. */
        pulls: z
          .strictObject({
            days: z.int(),
            total: z.number(),
            /** In the 6 hours with the most pulls. */
            busiestWindow: z.number(),
            /** How many windows of 6 hours would have exceeded each limit. */
            windowsOver: z.strictObject({ anonymous: z.int(), personal: z.int() }),
          })
          .nullable(),
      }),
    ),
  });
};

export type CostJson = JsonOf<typeof costJson>;
