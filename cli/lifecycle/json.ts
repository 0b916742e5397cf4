import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `lifecycle --json` prints. */
export const lifecycleJson = (z: typeof Zod) => {
  const amount = z.strictObject({ images: z.int(), bytes: z.int() });
  return z.array(
    z.strictObject({
      region: z.string(),
      repository: z.string(),
      prefix: z.string(),
      state: z.enum(["in-order", "missing", "different", "no-template", "not-proven"]),
      action: z.enum(["set", "keep"]).nullable(),
      reason: z.string().nullable(),
      /** Null: not asked for, or there is no policy to try. */
      preview: z
        .union([
          z.strictObject({ expire: amount, archive: amount }),
          z.strictObject({ problem: z.string() }),
        ])
        .nullable(),
    }),
  );
};

export type LifecycleJson = JsonItem<typeof lifecycleJson>;

/** What `lifecycle --apply --json` prints. */
export const applyJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      repository: z.string(),
      changes: z.array(z.strictObject({ aspect: z.string(), reason: z.string() })),
      kept: z.array(z.string()),
      failures: z.array(z.string()),
    }),
  );

export type ApplyJson = JsonItem<typeof applyJson>;
