import type { Prune } from "../ecr/environment/prune";
import type { Attributes, ResourceChange } from "./plan";
import { code, note, type Note, risk } from "./finding";

/*
 * What a plan changes of what the scheduled run deletes, by the variable `PRUNE` of the reconcile function.
 */

function pruneOf({ environment }: Attributes): Prune | undefined {
  const [block] = (Array.isArray(environment) ? environment : []) as {
    readonly variables?: { readonly PRUNE?: string } | null;
  }[];
  const value = block?.variables?.PRUNE;
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value) as Prune;
  } catch {
    return undefined;
  }
}

const deletes = (prune: Prune | undefined): prune is Prune => prune !== undefined && !prune.dryRun;

/** Whether a function deletes images that it kept before. */
export function pruneNotes({ before, after, action }: ResourceChange): Note[] {
  if (action === "destroy" || action === "forget" || action === "none") return [];
  const [from, to] = [pruneOf(before), pruneOf(after)];
  if (!deletes(to)) {
    return deletes(from) ? [note("no longer deletes images that nobody pulls")] : [];
  }
  const words = `deletes images that nobody has pulled for ${code(`${to.unpulledForDays}`)} days, but ${code(`${to.keepAtLeast}`)} in each repository`;
  if (!deletes(from)) return [risk("retention-tightened", words)];
  const isTighter = to.unpulledForDays < from.unpulledForDays || to.keepAtLeast < from.keepAtLeast;
  const was = `${words} (was ${code(`${from.unpulledForDays}`)} days, ${code(`${from.keepAtLeast}`)} images)`;
  if (isTighter) return [risk("retention-tightened", was)];
  return to.unpulledForDays !== from.unpulledForDays || to.keepAtLeast !== from.keepAtLeast
    ? [note(was)]
    : [];
}
