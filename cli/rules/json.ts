import type * as Zod from "zod";
import type { JsonItem } from "../shell/json-contract";

/** What `rules --json` prints. */
export const rulesJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      prefix: z.string(),
      state: z.enum(["in-order", "missing", "different", "unknown", "other-environment"]),
      /** The other environment whose rule it is. */
      environment: z.string().nullable(),
      /** The upstream's URL. */
      upstream: z.string().nullable(),
      upstreamPrefix: z.string().nullable(),
      /** The only repositories below the prefix that the environment lets pullers pull; null: all, or no rule of it. */
      only: z.array(z.string()).nullable(),
      /** The secret's name; its ARN if it is in another account or region. */
      credential: z.string().nullable(),
      /** The ARN of the role that ECR pulls with. */
      role: z.string().nullable(),
      createdAt: z.iso.datetime().nullable(),
      updatedAt: z.iso.datetime().nullable(),
      differences: z.array(
        z.strictObject({
          field: z.enum(["upstream", "upstreamPrefix", "credential", "role"]),
          found: z.string().nullable(),
          expected: z.string().nullable(),
        }),
      ),
    }),
  );

export type RuleJson = JsonItem<typeof rulesJson>;
