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

/** Where in a path one is. */
interface State {
  readonly path: number;
  readonly at: number;
}

/** Where in several paths one is at a node, and where that is known to lead. */
interface States {
  readonly all: readonly State[];
  /** The paths that end here. */
  readonly ends: readonly number[];
  readonly byKey: Map<string, States>;
  items?: States;
}

/** Keys for which it is remembered where they lead, at most: files decide which there are. */
const MAX_REMEMBERED = 1_000;

/** Several paths that are followed together, in one walk through a tree. Where keys lead is worked out once. */
export class PathSet {
  private readonly known = new Map<string, States>();
  private readonly begin: States;

  constructor(private readonly paths: readonly Path[]) {
    this.begin = this.statesOf(paths.map((_, path) => ({ path, at: 0 })));
  }

  private statesOf(begin: readonly State[]): States {
    const states = new Map<string, State>();
    for (const { path, at } of begin) {
      const steps = this.paths[path]!;
      let reached = at;
      states.set(`${path}:${reached}`, { path, at: reached });
      // Any number of levels may be none.
      while (steps[reached]?.kind === "deep") {
        reached += 1;
        states.set(`${path}:${reached}`, { path, at: reached });
      }
    }
    const signature = [...states.keys()].join();
    let found = this.known.get(signature);
    if (!found) {
      const all = [...states.values()];
      const ends = all.filter(({ path, at }) => at === this.paths[path]!.length);
      found = { all, ends: ends.map(({ path }) => path), byKey: new Map() };
      this.known.set(signature, found);
    }
    return found;
  }

  private after({ all }: States, leads: (step: Step) => boolean): States {
    return this.statesOf(
      all.flatMap(({ path, at }): State[] => {
        const step = this.paths[path]![at];
        if (step?.kind === "deep") return [{ path, at }];
        return step && leads(step) ? [{ path, at: at + 1 }] : [];
      }),
    );
  }

  private afterKey(states: States, key: string): States {
    let next = states.byKey.get(key);
    if (!next) {
      next = this.after(states, (step) => step.kind === "key" && step.matches(key));
      if (states.byKey.size >= MAX_REMEMBERED) states.byKey.clear();
      states.byKey.set(key, next);
    }
    return next;
  }

  /**
   * Visits every value that a path leads to, from a node on: a value before those in it, and at each value the paths in their
   * order.
   */
  follow(node: Node, visit: (match: Match, path: number) => void): void {
    const walk = (states: States, reached: Node, around?: MapNode, key?: string): void => {
      for (const path of states.ends) visit({ node: reached, around, key }, path);
      const value = dereference(reached);
      if (!value || value.kind === "scalar") return;
      if (value.kind === "list") {
        const next = (states.items ??= this.after(states, (step) => step.kind === "item"));
        if (next.all.length > 0) for (const item of value.items) walk(next, item);
        return;
      }
      for (const entry of entriesOf(value)) {
        const next = this.afterKey(states, entry.key);
        if (next.all.length > 0) walk(next, entry.value, value, entry.key);
      }
    };
    walk(this.begin, node);
  }
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
