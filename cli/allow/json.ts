import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `allow --json` prints: an item for each rule. */
export const allowJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      prefix: z.string(),
      /** The repositories that the code base names, below the prefix. */
      only: z.array(z.string()),
      /** Those that the rule's `only` does not allow. */
      notAllowed: z.array(z.string()),
      /** The entries of the rule's `only` that nothing in the code base needs. */
      unused: z.array(z.string()),
    }),
  );

export type AllowJson = JsonItem<typeof allowJson>;
