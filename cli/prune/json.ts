import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `prune --json` prints: the repositories in which there is something to prune. */
export const pruneJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      repository: z.string(),
      /** `found`: a dry run. `kept`: nothing proves that the repository is the cache's. `failed`: some images were not deleted. */
      status: z.enum(["found", "kept", "pruned", "failed"]),
      /** Images before. */
      images: z.int(),
      /** Images that are, or in a dry run at most would be, deleted. */
      pruned: z.int(),
      /** The compressed bytes of these; what layers they share with others stays stored. */
      prunedBytes: z.int(),
      /** Images that nobody pulled, and that an index in use lists: ECR keeps them. Null in a dry run. */
      inUse: z.int().nullable(),
      /** Why the repository was kept, or images could not be deleted. */
      reasons: z.array(z.string()),
    }),
  );

export type PrunedRepositoryJson = JsonItem<typeof pruneJson>;
