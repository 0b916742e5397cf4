import type * as Zod from "zod";
import type { JsonOf } from "../shell/json-contract";
import { actions } from "../../plan/actions";
import { riskKinds } from "../../plan/risks";

/** What `review --json` prints. Texts are Markdown. */
export const reviewJson = (z: typeof Zod) => {
  const action = z.enum(actions);
  const resource = {
    /** Null: a provider, or the plan itself. */
    address: z.string().nullable(),
    action,
    region: z.string().nullable(),
    prefix: z.string().nullable(),
    subject: z.strictObject({ kind: z.string(), name: z.string() }),
  };
  const note = z.strictObject({
    text: z.string(),
    risk: z.enum(riskKinds).nullable(),
    consequence: z.string().nullable(),
  });
  const change = z.strictObject({ ...resource, notes: z.array(note) });
  return z.strictObject({
    /** What was reviewed, such as a stack's name. */
    plan: z.string(),
    /** The only region that was reviewed; null: all of them. */
    region: z.string().nullable(),
    terraformVersion: z.string().nullable(),
    counts: z.record(action, z.int()),
    /** In the order of `RISKS`; each is in `changes` too. */
    risks: z.array(
      z.strictObject({
        ...resource,
        kind: z.enum(riskKinds),
        text: z.string(),
        consequence: z.string().nullable(),
      }),
    ),
    changes: z.array(change),
    drift: z.array(change),
  });
};

export type ReviewJson = JsonOf<typeof reviewJson>;
