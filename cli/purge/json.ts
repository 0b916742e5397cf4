import type * as Zod from "zod";
import type { JsonOf } from "../shell/json-contract";

/** What `purge --json` prints. */
export const purgeJson = (z: typeof Zod) =>
  z.strictObject({
    environment: z.string(),
    account: z.string(),
    /** The regions that were looked at, the environment's former ones too. */
    regions: z.array(z.string()),
    /** The environment's prefixes whose rules still exist. */
    rules: z.array(z.strictObject({ region: z.string(), prefix: z.string() })),
    repositories: z.array(
      z.strictObject({
        region: z.string(),
        repository: z.string(),
        prefix: z.string(),
        createdAt: z.iso.datetime().nullable(),
        /** `kept`: nothing proves that the cache created it. */
        status: z.enum(["found", "kept", "deleted", "failed"]),
        /** Why it was kept, or could not be deleted. */
        reason: z.string().nullable(),
      }),
    ),
  });

export type PurgeJson = JsonOf<typeof purgeJson>;
