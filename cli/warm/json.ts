import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What `warm --json` prints. */
export const warmJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      image: z.string(),
      repository: z.string(),
      tag: z.string().nullable(),
      /** What is cached now. */
      digest: z.string().regex(DIGEST).nullable(),
      status: z.enum(["cached", "failed"]),
      platforms: z.array(
        z.strictObject({
          /** As given to `--platform`: `os/architecture[/variant]`. */
          platform: z.string(),
          /** Null: the image has none for it, or ECR has not stored it. */
          digest: z.string().regex(DIGEST).nullable(),
        }),
      ),
      /** With --referrers: what refers to the image and to those for the platforms; absent where it is not cached. */
      referrers: z
        .array(
          z.strictObject({
            digest: z.string().regex(DIGEST),
            /** Null: its manifest does not say. */
            artifactType: z.string().nullable(),
          }),
        )
        .optional(),
      /** What went wrong, or is worth knowing. */
      message: z.string().nullable(),
    }),
  );

/** What became of an image. */
export type WarmOutcome = JsonItem<typeof warmJson>;
