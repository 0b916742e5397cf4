import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `verify --json` prints. */
export const verifyJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      /** Null: the check is about the account. */
      region: z.string().nullable(),
      check: z.enum([
        "rule",
        "secret",
        "template",
        "registry-policy",
        "repository-policies",
        "role",
        "service-linked-role",
        "key",
        "pull-times",
        "scanning",
        "pull",
      ]),
      /** What was checked: a prefix or all prefixes, a secret's name, accounts, a role or roles, a key or the topic that it encrypts, an image. */
      subject: z.string(),
      state: z.enum(["ok", "failed", "not-checked"]),
      detail: z.string().nullable(),
      /** What to do. */
      remedy: z.string().nullable(),
    }),
  );

export type CheckJson = JsonItem<typeof verifyJson>;
