import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `findings --json` prints: the images that ECR can scan. */
export const findingsJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      repository: z.string(),
      tags: z.array(z.string()),
      digest: z.string(),
      lastPulledAt: z.iso.datetime().nullable(),
      /** ECR's; null: the image was never scanned. */
      status: z.string().nullable(),
      /** Null: there is no finding. */
      worst: z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]).nullable(),
      /** How many findings there are of each severity that there is. */
      counts: z.record(z.string(), z.int()),
    }),
  );

export type FindingsJson = JsonItem<typeof findingsJson>;
