import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `map --json` prints. */
export const mapJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      image: z.string(),
      cacheUri: z.string().nullable(),
      /** Why there is no name in the cache. */
      reason: z.string().optional(),
    }),
  );

export type MappedImage = JsonItem<typeof mapJson>;
