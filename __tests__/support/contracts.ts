import * as z from "zod";

/*
 * What the commands of the inventory print with --json: their contract, held by the tests of each command and by those on
 * the sandbox.
 */

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** The contract of `images --json`. */
export const imagesJson = z.array(
  z.strictObject({
    repository: z.string(),
    tags: z.array(z.string()),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    mediaType: z.string(),
    sizeBytes: z.int().nonnegative(),
    pushedAt: z.iso.datetime(),
    lastPulledAt: z.iso.datetime().nullable(),
    status: z.enum(["ACTIVE", "ARCHIVED", "ACTIVATING"]),
    upstreamCheck: z.strictObject({ notBefore: z.iso.datetime() }).nullable(),
  }),
);

/** The contract of `refresh --json`. */
export const refreshJson = z.array(
  z.strictObject({
    image: z.string(),
    repository: z.string(),
    tag: z.string(),
    oldDigest: digest.nullable(),
    newDigest: digest.nullable(),
    status: z.enum([
      "renewed",
      "unchanged",
      "pulled",
      "would-renew",
      "would-pull",
      "refused",
      "failed",
      "restored",
      "rescued",
      "lost",
    ]),
    message: z.string().nullable(),
    rescueTag: z.string().nullable(),
    missing: z.array(digest),
    deleted: z.array(digest),
  }),
);

/** The contract of `warm --json`. */
export const warmJson = z.array(
  z.strictObject({
    image: z.string(),
    repository: z.string(),
    tag: z.string().nullable(),
    digest: digest.nullable(),
    status: z.enum(["cached", "failed"]),
    platforms: z.array(z.strictObject({ platform: z.string(), digest: digest.nullable() })),
    message: z.string().nullable(),
  }),
);

const storedAmount = z.strictObject({ images: z.int(), bytes: z.int() });

/** The contract of `lifecycle --json`. */
export const lifecycleJson = z.array(
  z.strictObject({
    repository: z.string(),
    prefix: z.string(),
    state: z.enum(["in-order", "missing", "different", "no-template", "not-proven"]),
    action: z.enum(["set", "keep"]).nullable(),
    reason: z.string().nullable(),
    preview: z
      .union([
        z.strictObject({ expire: storedAmount, archive: storedAmount }),
        z.strictObject({ problem: z.string() }),
      ])
      .nullable(),
  }),
);

/** The contract of `lifecycle --apply --json`. */
export const applyJson = z.array(
  z.strictObject({
    repository: z.string(),
    changes: z.array(z.strictObject({ aspect: z.string(), reason: z.string() })),
    kept: z.array(z.string()),
    failures: z.array(z.string()),
  }),
);

const amount = { images: z.int(), bytes: z.number(), usdPerMonth: z.number() };
const range = z.strictObject({ atLeast: z.number(), atMost: z.number() });

/** The contract of `cost --json`. */
export const costJson = z.strictObject({
  environment: z.string(),
  account: z.string(),
  region: z.string(),
  at: z.iso.datetime(),
  price: z.strictObject({
    usdPerGbMonth: z.number(),
    source: z.string(),
    asOf: z.string().nullable(),
    isAssumed: z.boolean(),
  }),
  sharedLayers: z.enum(["counted-once", "counted-for-each-image"]),
  total: z.strictObject({ repositories: z.int(), ...amount }),
  upstreams: z.array(
    z.strictObject({ upstream: z.string(), prefix: z.string(), repositories: z.int(), ...amount }),
  ),
  ages: z.array(z.strictObject({ fromDays: z.int(), toDays: z.int().nullable(), ...amount })),
  repositories: z.array(z.strictObject({ repository: z.string(), prefix: z.string(), ...amount })),
  lifecycle: z.strictObject({ images: range, bytes: range, usdPerMonth: range }),
  dockerHub: z
    .strictObject({
      limits: z.strictObject({
        windowHours: z.int(),
        anonymous: z.int(),
        personal: z.int(),
        source: z.string(),
        asOf: z.string(),
      }),
      tags: z.int(),
      pulledLastDay: z.int(),
      pulls: z
        .strictObject({
          days: z.int(),
          total: z.number(),
          busiestWindow: z.number(),
          windowsOver: z.strictObject({ anonymous: z.int(), personal: z.int() }),
        })
        .nullable(),
    })
    .nullable(),
});

/** The contract of `purge --json`. */
export const purgeJson = z.strictObject({
  environment: z.string(),
  account: z.string(),
  region: z.string(),
  rules: z.array(z.string()),
  repositories: z.array(
    z.strictObject({
      repository: z.string(),
      prefix: z.string(),
      createdAt: z.iso.datetime().nullable(),
      status: z.enum(["found", "kept", "deleted", "failed"]),
      reason: z.string().nullable(),
    }),
  ),
});
