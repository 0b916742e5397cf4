import { escapePattern } from "../ecr/pattern";
import { dereference, entriesOf, type MapNode, type Node } from "./tree";

/*
 * Paths to values in a tree, written as in `services.*.image`:
 *
 *   name       a key; with * in it, such as *Image, every key of that form
 *   (a|b)      one of several keys, which may have * in them
 *   !(a|b)     any other key
 *   *          any key
 *   []         every item of a list
 *   **         any number of levels
 */

type Step =
  | { readonly kind: "key"; readonly matches: (key: string) => boolean }
  | { readonly kind: "item" }
  | { readonly kind: "deep" };

/** A path, ready to be followed. */
export type Path = readonly Step[];

/** A value that a path leads to. */
export interface Match {
  /** The value; an alias is not followed, so that it can be distinguished from its target. */
  readonly node: Node;
  /** The map that it is a value of, and its key there. */
  readonly around?: MapNode;
  readonly key?: string;
}

function stepOf(text: string): Step {
  if (text === "**") return { kind: "deep" };
  if (text === "[]") return { kind: "item" };
  if (text === "*") return { kind: "key", matches: () => true };
  const [, not, choice] = /^(!?)\((.*)\)$/.exec(text) ?? [];
  if (choice !== undefined && !choice.includes("*")) {
    const names = new Set(choice.split("|"));
    return { kind: "key", matches: (key) => names.has(key) !== (not === "!") };
  }
  if (!text.includes("*")) return { kind: "key", matches: (key) => key === text };
  const forms = (choice ?? text)
    .split("|")
    .map((form) => form.split("*").map(escapePattern).join(".*"));
  const form = new RegExp(`^(${forms.join("|")})$`);
  return { kind: "key", matches: (key) => form.test(key) !== (not === "!") };
}

/** Reads a path. The empty one leads to where it begins. */
export function parsePath(text: string): Path {
  return text === "" ? [] : text.split(".").map(stepOf);
}

/** Every value that a path leads to, from a node on. */
export function follow(node: Node, path: Path, visit: (match: Match) => void): void {
  const walk = (at: number, reached: Node, around?: MapNode, key?: string): void => {
    const step = path[at];
    if (!step) {
      visit({ node: reached, around, key });
      return;
    }
    const value = dereference(reached);
    if (!value || value.kind === "scalar") {
      if (step.kind === "deep") walk(at + 1, reached, around, key);
      return;
    }
    if (step.kind === "deep") {
      walk(at + 1, reached, around, key);
      if (value.kind === "list") for (const item of value.items) walk(at, item);
      else for (const entry of entriesOf(value)) walk(at, entry.value, value, entry.key);
    } else if (value.kind === "list") {
      if (step.kind === "item") for (const item of value.items) walk(at + 1, item);
    } else if (step.kind === "key") {
      for (const entry of entriesOf(value)) {
        if (step.matches(entry.key)) walk(at + 1, entry.value, value, entry.key);
      }
    }
  };
  walk(0, node);
}

/** Whether a path leads anywhere from a node, where something holds. */
export function leadsSomewhere(
  node: Node,
  path: Path,
  holds: (node: Node) => boolean = () => true,
  at = 0,
): boolean {
  const step = path[at];
  if (!step) return holds(node);
  const value = dereference(node);
  if (step.kind === "deep" && leadsSomewhere(node, path, holds, at + 1)) return true;
  if (!value || value.kind === "scalar") return false;
  const next = step.kind === "deep" ? at : at + 1;
  if (value.kind === "list") {
    return (
      step.kind !== "key" && value.items.some((item) => leadsSomewhere(item, path, holds, next))
    );
  }
  return (
    step.kind !== "item" &&
    entriesOf(value).some(
      (entry) =>
        (step.kind === "deep" || step.matches(entry.key)) &&
        leadsSomewhere(entry.value, path, holds, next),
    )
  );
}
