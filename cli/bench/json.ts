import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `bench --json` prints. */
export const benchJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      /** As it was given. */
      image: z.string(),
      /** Where it was pulled from, in this order. */
      from: z.enum(["upstream", "cache-first", "cache-second"]),
      /** Whether the cache had the tag before the first pull, which then did not import it. */
      cachedBefore: z.boolean(),
      /** Milliseconds for the manifests. Null: it could not be pulled. */
      manifestMs: z.number().nullable(),
      /** Milliseconds for the configuration and the layers. */
      layersMs: z.number().nullable(),
      /** The bytes of the configuration and the layers. */
      bytes: z.number().nullable(),
      /** Why it could not be pulled. */
      message: z.string().nullable(),
    }),
  );

export type Measured = JsonItem<typeof benchJson>;
