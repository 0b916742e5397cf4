import { SCALAR_STYLE } from "js-yaml";
import type { Scalar as YamlScalar } from "yaml";
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node as YamlNode,
  parseAllDocuments,
} from "yaml";
import { type Anchor, checkExpansion, type Entry, type Node, type ScalarNode } from "./tree";
import { excerptOfScalar, NO_TEXT, NULL, type WrittenScalar } from "./yaml-scalar";

/*
 * YAML that breaks a rule of the specification and is read all the same by libyaml, go-yaml and what is built with them (kubectl,
 * Compose, GitHub): above all, a closing bracket in the column of its key. js-yaml refuses it; the package `yaml` reads it.
 */

const STYLES: Readonly<Record<string, WrittenScalar["style"]>> = {
  PLAIN: SCALAR_STYLE.PLAIN,
  QUOTE_SINGLE: SCALAR_STYLE.SINGLE_QUOTED,
  QUOTE_DOUBLE: SCALAR_STYLE.DOUBLE_QUOTED,
  BLOCK_LITERAL: SCALAR_STYLE.LITERAL_BLOCK,
  BLOCK_FOLDED: SCALAR_STYLE.FOLDED_BLOCK,
};

/** How and where a scalar is written: without quotes, and without the header of a block. */
function writtenAt(text: string, { type, range }: YamlScalar): WrittenScalar {
  const [from = 0, to = 0] = range ?? [];
  const style = STYLES[type ?? "PLAIN"] ?? SCALAR_STYLE.PLAIN;
  if (type === "QUOTE_SINGLE" || type === "QUOTE_DOUBLE") {
    return { valueStart: from + 1, valueEnd: to - 1, style, indent: 0 };
  }
  if (type !== "BLOCK_LITERAL" && type !== "BLOCK_FOLDED") {
    return { valueStart: from, valueEnd: to, style, indent: 0 };
  }
  const valueStart = text.indexOf("\n", from) + 1;
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(text.slice(valueStart, to))?.[1]?.length ?? 0;
  return { valueStart, valueEnd: to, style, indent };
}

class Converter {
  private readonly anchors = new Map<string, { node: Node; anchor?: Anchor }>();
  hasAliases = false;

  constructor(private readonly text: string) {}

  convert(node: YamlNode | null | undefined, rootKey?: string, isRoot = false): Node {
    const start = node?.range?.[0] ?? 0;
    const tag = node?.tag?.replace(/^tag:yaml\.org,2002:/, "!!");
    const base = { start, ...(tag !== undefined && { tag }) };
    if (isAlias(node)) {
      this.hasAliases = true;
      const found = this.anchors.get(node.source);
      if (found?.anchor) found.anchor.uses += 1;
      return { kind: "alias", start, target: found?.node };
    }
    if (isScalar(node)) return this.scalar(node, base, rootKey);
    if (isSeq(node)) {
      const list: Node = { kind: "list", ...base, flow: node.flow === true, items: [] };
      if (node.anchor !== undefined) this.anchors.set(node.anchor, { node: list });
      for (const item of node.items) list.items.push(this.convert(item as YamlNode, rootKey));
      return list;
    }
    if (!isMap(node))
      return { kind: "scalar", start, value: null, isText: false, excerpt: () => undefined };
    const entries: Entry[] = [];
    const map: Node = { kind: "map", ...base, flow: node.flow === true, entries };
    if (node.anchor !== undefined) this.anchors.set(node.anchor, { node: map });
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const key = isScalar(pair.key) ? (pair.key.source ?? "") : "";
      const keyStart = this.keyStart(pair.key as YamlNode);
      const value = this.convert(pair.value as YamlNode | null, isRoot ? key : rootKey);
      entries.push({ key, keyStart, value });
    }
    return map;
  }

  /** Where a key begins, without what quotes it. */
  private keyStart(key: YamlNode | null): number {
    const start = key?.range?.[0] ?? 0;
    return isScalar(key) && key.type?.startsWith("QUOTE") ? start + 1 : start;
  }

  private scalar(
    node: YamlScalar,
    base: { start: number; tag?: string },
    rootKey: string | undefined,
  ): ScalarNode {
    const written = writtenAt(this.text, node);
    const source = node.source ?? "";
    const isPlain = node.type === "PLAIN";
    const anchor = node.anchor === undefined ? undefined : { name: node.anchor, rootKey, uses: 0 };
    const scalar: ScalarNode = {
      kind: "scalar",
      ...base,
      start: written.valueStart,
      value: isPlain && NULL.test(source) ? null : source,
      isText: !isPlain || !(NULL.test(source) || NO_TEXT.test(source)),
      ...(anchor && { anchor }),
      excerpt: () => excerptOfScalar(this.text, written, source),
    };
    if (anchor) this.anchors.set(anchor.name, { node: scalar, anchor });
    return scalar;
  }
}

/**
 * The documents of a YAML file that other readers read; undefined if they don't.
 *
 * @throws SyntaxProblem if aliases expand to too much.
 */
export function readLenientYaml(text: string): Node[] | undefined {
  let documents: Document[];
  try {
    documents = [
      ...parseAllDocuments(text, { uniqueKeys: false, logLevel: "silent" }),
    ] as Document[];
  } catch {
    // It calls itself for each level of nesting.
    return undefined;
  }
  if (documents.length === 0 || documents.some(({ errors }) => errors.length > 0)) return undefined;
  return documents.flatMap(({ contents }) => {
    if (!contents) return [];
    const converter = new Converter(text);
    const root = converter.convert(contents, undefined, true);
    if (converter.hasAliases) checkExpansion(root);
    return [root];
  });
}
