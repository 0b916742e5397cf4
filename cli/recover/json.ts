import type * as Zod from "zod";
import type { JsonOf } from "../shell/json-contract";

/** What is to be done with a resource or a state. */
export const remedies = ["restore", "import", "untaint", "unlock"] as const;

/** What `recover --json` prints. */
export const recoverJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      stack: z.string(),
      /** Null: it belongs to the account, or is a state. */
      region: z.string().nullable(),
      remedy: z.enum(remedies),
      /** The address in Terraform; of a lock, its id. */
      subject: z.string(),
      detail: z.string(),
      /** How to do it without --write. */
      command: z.string(),
      done: z.boolean(),
    }),
  );

export type RecoverJson = JsonOf<typeof recoverJson>;
