import type * as Zod from "zod";
import { upstreamNames } from "../../ecr/upstreams";
import type { JsonItem } from "../shell/json-contract";

/** What `credentials status --json` prints: a credential in a region. */
export const statusJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      prefix: z.string(),
      /** ECR's name of the upstream. */
      upstream: z.enum(upstreamNames),
      secret: z.string(),
      /** Whether the credentials stack writes the secret. */
      managed: z.boolean(),
      state: z.enum(["working", "failed", "not-checked"]),
      changedAt: z.iso.datetime().nullable(),
      detail: z.string().nullable(),
      remedy: z.string().nullable(),
      /** What Docker Hub allows the account; null: another upstream, or it was not asked. */
      pullLimit: z
        .strictObject({
          /** `free`: the limit of a free account; `unlimited`: there is none, as in paid plans. */
          account: z.enum(["free", "unlimited", "other"]),
          /** Pulls in a window. Null: there is no limit. */
          limit: z.int().nullable(),
          remaining: z.int().nullable(),
          windowHours: z.number().nullable(),
        })
        .nullable(),
    }),
  );

export type CredentialJson = JsonItem<typeof statusJson>;

/** What `credentials put --json` prints: a region. */
export const putJson = (z: typeof Zod) =>
  z.array(
    z.strictObject({
      region: z.string(),
      prefix: z.string(),
      secret: z.string(),
      /** Secrets Manager's id of the new version. */
      versionId: z.string(),
      /** What ECR says about the rule with the new token; `missing`: there is no rule yet. */
      rule: z.enum(["valid", "invalid", "missing", "not-checked"]),
      detail: z.string().nullable(),
      remedy: z.string().nullable(),
    }),
  );

export type PutJson = JsonItem<typeof putJson>;
