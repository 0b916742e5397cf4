import { code, prose } from "./finding";
import type { Attributes, ResourceChange } from "./plan";

/** A string attribute; an empty one is absent. */
export function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value of a string that is a JSON object; undefined for every other string. */
function document(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A value that is equal for values that are equal to the provider: null, "", [] and {} are absent, and JSON documents are
 * compared by their content.
 */
function normal(value: unknown): unknown {
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value === "string") return normal(document(value)) ?? value;
  if (Array.isArray(value)) {
    const items = (value as unknown[]).map(normal);
    return items.every((item) => item === undefined) ? undefined : items;
  }
  if (typeof value === "object") {
    const members = Object.entries(value)
      .map(([key, member]) => [key, normal(member)] as const)
      .filter(([, member]) => member !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    return members.length === 0 ? undefined : Object.fromEntries(members);
  }
  return value;
}

/** The names of the attributes that differ, sorted. Those known only after the apply are among them. */
export function differing({ before, after, unknown }: ResourceChange): string[] {
  const all = new Set([...Object.keys(before), ...Object.keys(after), ...unknown]);
  // Where a provider has default tags, only `tags_all` has them.
  if (all.has("tags_all")) all.delete("tags");
  return [...all]
    .filter(
      (name) =>
        unknown.has(name) ||
        JSON.stringify(normal(before[name])) !== JSON.stringify(normal(after[name])),
    )
    .sort();
}

/** An attribute's name as it is shown. */
export function label(name: string): string {
  return name === "tags_all" ? "tags" : prose(name.replaceAll("_", " "));
}

/** An attribute's value before or after the apply, as it is shown; sensitive values are not. */
export function shown(
  { before, after, unknown, sensitive }: ResourceChange,
  name: string,
  when: "before" | "after",
): string {
  if (sensitive.has(name)) return "(sensitive)";
  if (when === "after" && unknown.has(name)) return "(known after the apply)";
  const value = (when === "before" ? before : after)[name];
  if (normal(value) === undefined) return "none";
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

/** `changes X to Y (was Z)`. */
export function changes(change: ResourceChange, name: string, title: string): string {
  return `changes ${title} to ${shown(change, name, "after")} (was ${shown(change, name, "before")})`;
}
