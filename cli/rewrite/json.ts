import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `rewrite --json` prints: references, and files that could not be read (then `image` is null). */
export const rewriteJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      file: z.string(),
      line: z.int().optional(),
      column: z.int().optional(),
      image: z.string().nullable(),
      cacheUri: z.string().nullable(),
      /** Why there is no name in the cache, or why the file could not be read. */
      reason: z.string().optional(),
      warnings: z
        .array(
          z.strictObject({
            kind: z.enum([
              "bitnami-check",
              "digest-first-pull",
              "floating-tag",
              "lambda",
              "uncacheable-registry",
            ]),
            message: z.string(),
          }),
        )
        .optional(),
    }),
  );

export type ReferenceJson = JsonItem<typeof rewriteJson>;
