import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `mirrors --json` prints. */
export const mirrorsJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      /** The upstream's name as people say it. */
      title: z.string(),
      /** The hosts in image names of the upstream; the usual one first. */
      hosts: z.array(z.string()),
      /** The start of the upstream's repositories; absent: all of them. */
      upstreamPrefix: z.string().optional(),
      /** The only repositories below `cache` that may be pulled, with `*` for any characters; absent: all. */
      only: z.array(z.string()).optional(),
      /** The registry and prefix to pull from instead. */
      cache: z.string(),
    }),
  );

/** An upstream, or a part of one, and where it is in the cache. */
export type Mirror = JsonItem<typeof mirrorsJson>;
