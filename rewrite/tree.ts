import type { Excerpt } from "./excerpt";

/*
 * YAML and JSON as one kind of tree, with the place of every value in the text.
 */

interface NodeBase {
  /** Where the value begins. */
  readonly start: number;
  /** A tag as it is written, such as `!Sub`. */
  readonly tag?: string;
}

export interface ScalarNode extends NodeBase {
  readonly kind: "scalar";
  /** Its value as a string, whatever its type; null for JSON's and YAML's null. */
  readonly value: string | null;
  /** Whether it is a string: quoted, or nothing that JSON or YAML reads as another type. */
  readonly isText: boolean;
  /** Where its characters are written, without quotes; undefined if that can't be said. */
  excerpt(): Excerpt | undefined;
  /** How it is anchored, where it is. */
  readonly anchor?: Anchor;
}

export interface Entry {
  readonly key: string;
  readonly keyStart: number;
  readonly value: Node;
}

export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly entries: Entry[];
  /** Whether it is written in braces. */
  readonly flow: boolean;
}

export interface ListNode extends NodeBase {
  readonly kind: "list";
  readonly items: Node[];
  readonly flow: boolean;
}

export interface AliasNode extends NodeBase {
  readonly kind: "alias";
  /** Its target; undefined where there is no such anchor before it. */
  readonly target?: Node;
}

export type Node = ScalarNode | MapNode | ListNode | AliasNode;

/** What is known of an anchored scalar. */
export interface Anchor {
  readonly name: string;
  /** The key at the top of the document under which it is defined. */
  readonly rootKey: string | undefined;
  /** How many aliases refer to it. */
  uses: number;
}

/** Why a text is not valid in its syntax, or is not read. */
export class SyntaxProblem extends Error {
  override readonly name = "SyntaxProblem";

  /** @param offset Where it was noticed, if that is known. */
  constructor(
    message: string,
    readonly offset?: number,
  ) {
    super(message);
  }
}

/** The target of an alias, or the node itself. */
export function dereference(node: Node): Exclude<Node, AliasNode> | undefined {
  let found: Node | undefined = node;
  while (found?.kind === "alias") found = found.target;
  return found;
}

function hasMerge({ entries }: MapNode): boolean {
  for (const { key } of entries) if (key === "<<") return true;
  return false;
}

/** The entries of maps that merge others: to merge them each time would take the square of their number. */
const mergedEntries = new WeakMap<MapNode, readonly Entry[]>();

/** The entries of a map, with those that it merges (`<<`) and does not have itself. */
export function entriesOf(map: MapNode): readonly Entry[] {
  if (!hasMerge(map)) return map.entries;
  let entries = mergedEntries.get(map);
  if (!entries) {
    entries = mergeEntries(map);
    mergedEntries.set(map, entries);
  }
  return entries;
}

function mergeEntries(map: MapNode): readonly Entry[] {
  const own = map.entries.filter(({ key }) => key !== "<<");
  const keys = new Set(own.map(({ key }) => key));
  const merged = map.entries
    .filter(({ key }) => key === "<<")
    .flatMap(({ value }) => {
      const source = dereference(value);
      return source?.kind === "list" ? source.items.map(dereference) : [source];
    })
    .flatMap((source) => (source?.kind === "map" ? entriesOf(source) : []));
  return [...own, ...merged.filter(({ key }) => !keys.has(key) && keys.add(key))];
}

/** Maps with more entries than this are searched by an index. */
const FEW_ENTRIES = 16;

const indexes = new WeakMap<MapNode, ReadonlyMap<string, Node>>();

function indexOf(map: MapNode): ReadonlyMap<string, Node> {
  let index = indexes.get(map);
  if (!index) {
    // The first of several entries with one key counts.
    index = new Map(
      entriesOf(map)
        .map(({ key, value }) => [key, value] as const)
        .reverse(),
    );
    indexes.set(map, index);
  }
  return index;
}

/** The value of a key of a map. */
export function valueOf(map: MapNode, key: string): Node | undefined {
  if (map.entries.length > FEW_ENTRIES) return indexOf(map).get(key);
  for (const entry of entriesOf(map)) if (entry.key === key) return entry.value;
  return undefined;
}

/** The string of a scalar or of an alias of one. */
export function textOf(node: Node | undefined): string | undefined {
  const scalar = node && dereference(node);
  return scalar?.kind === "scalar" ? (scalar.value ?? undefined) : undefined;
}

/**
 * The most values that a document may have once its aliases are replaced by their targets. Aliases of aliases
 * grow without bounds ("billion laughs"); a document that means what it says stays far below.
 */
export const MAX_EXPANDED_VALUES = 200_000;

/** @throws SyntaxProblem if an alias of a document contains itself, or they expand to too much. */
export function checkExpansion(root: Node): void {
  const sizes = new Map<Node, number>();
  const measure = (node: Node): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    // An alias that is met again before its target has been measured is inside of its target.
    sizes.set(node, Infinity);
    let size = 1;
    if (node.kind === "alias") size = node.target ? measure(node.target) : 1;
    else if (node.kind === "list") for (const item of node.items) size += measure(item);
    else if (node.kind === "map") for (const { value } of node.entries) size += measure(value);
    sizes.set(node, size);
    return size;
  };
  if (measure(root) > MAX_EXPANDED_VALUES) {
    throw new SyntaxProblem(`its aliases expand to more than ${MAX_EXPANDED_VALUES} values`);
  }
}
