import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What `refresh --json` prints. */
export const refreshJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      image: z.string(),
      repository: z.string(),
      tag: z.string(),
      oldDigest: z.string().regex(DIGEST).nullable(),
      /** In a dry run, the upstream's. */
      newDigest: z.string().regex(DIGEST).nullable(),
      status: z.enum([
        /** The tag names another image than before. */
        "renewed",
        /** The tag names the same image as before, which is the upstream's. */
        "unchanged",
        /** The tag was not cached, and is now. */
        "pulled",
        /** A dry run: the first two of the above. */
        "would-renew",
        "would-pull",
        /** Nothing was changed, because a precondition is not met. */
        "refused",
        /** The tag was not cached, and could not be pulled. */
        "failed",
        /** The pull failed, and the old image has its tag back. */
        "restored",
        /** The pull failed; the old image is still in the repository, but not under its tag. */
        "rescued",
        /** The pull failed, and the old image is gone: only with `--force`, where it could not be given a rescue tag. */
        "lost",
      ]),
      /** What went wrong and how to recover, or what is worth knowing. */
      message: z.string().nullable(),
      /** A tag that still keeps the old image. */
      rescueTag: z.string().nullable(),
      /** Images that an index lists and ECR has not stored. */
      missing: z.array(z.string().regex(DIGEST)),
      /** Images that were deleted, with `--delete-old`. */
      deleted: z.array(z.string().regex(DIGEST)),
    }),
  );

/** How the refresh of a tag ended. */
export type RefreshOutcome = JsonItem<typeof refreshJson>;
