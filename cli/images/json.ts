import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `images --json` prints. */
export const imagesJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      repository: z.string(),
      tags: z.array(z.string()),
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
      mediaType: z.string(),
      sizeBytes: z.int().nonnegative(),
      pushedAt: z.iso.datetime(),
      /** Null: ECR has recorded no pull. */
      lastPulledAt: z.iso.datetime().nullable(),
      status: z.enum(["ACTIVE", "ARCHIVED", "ACTIVATING"]),
      /** Null: ECR compares tags with the upstream, and this image has none. */
      upstreamCheck: z.strictObject({ notBefore: z.iso.datetime() }).nullable(),
      /** With --referrers: signatures, SBOMs and the like about the image. */
      referrers: z
        .array(
          z.strictObject({
            digest: z.string(),
            /** Null: its manifest does not say. */
            artifactType: z.string().nullable(),
          }),
        )
        .optional(),
      /** With --findings, of what ECR can scan: an image, not an index. */
      findings: z
        .strictObject({
          /** ECR's; null: the image was never scanned. */
          status: z.string().nullable(),
          /** How many findings there are of each severity that there is. */
          counts: z.record(z.string(), z.int()),
          /** Null: there is no finding. */
          worst: z.string().nullable(),
        })
        .optional(),
    }),
  );

export type ImageJson = JsonItem<typeof imagesJson>;
