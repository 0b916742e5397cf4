import type * as Zod from "zod";
import type { JsonOf } from "../shell/json-contract";

/** What `purge --json` prints. */
export const purgeJson = (z: typeof Zod) =>
  z.strictObject({
    environment: z.string(),
    account: z.string(),
    region: z.string(),
    /** The environment's prefixes whose rules still exist. */
    rules: z.array(z.string()),
    repositories: z.array(
      z.strictObject({
        repository: z.string(),
        prefix: z.string(),
        createdAt: z.iso.datetime().nullable(),
        /** `kept`: only `ROOT` covers it, and nothing shows that it is the cache's. */
        status: z.enum(["found", "kept", "deleted", "failed"]),
        /** Why it was kept, or could not be deleted. */
        reason: z.string().nullable(),
      }),
    ),
  });

export type PurgeJson = JsonOf<typeof purgeJson>;
