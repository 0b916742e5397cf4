import { type ParseErrorCode, printParseErrorCode, visit } from "jsonc-parser";
import { Excerpt } from "./excerpt";
import type { ListNode, MapNode, Node, ScalarNode } from "./tree";
import { SyntaxProblem } from "./tree";

/** How deeply values may be nested; readers call themselves for each level. */
const MAX_DEPTH = 100;

const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|.)/gs;

/** The characters of a JSON string, from what is written between its quotes. */
export function excerptOfJson(raw: string, start: number): Excerpt {
  if (!raw.includes("\\")) return Excerpt.of([{ start, text: raw }]);
  const pieces: { start: number; text: string; length?: number }[] = [];
  let at = 0;
  for (const { index, 0: escape } of raw.matchAll(ESCAPE)) {
    pieces.push({ start: start + at, text: raw.slice(at, index) });
    pieces.push({
      start: start + index,
      text: JSON.parse(`"${escape}"`) as string,
      length: escape.length,
    });
    at = index + escape.length;
  }
  pieces.push({ start: start + at, text: raw.slice(at) });
  return Excerpt.of(pieces);
}

/**
 * Reads JSON. Comments and trailing commas are allowed, as many programs do.
 *
 * @param shift Where the text begins in the file that offsets count from.
 * @throws SyntaxProblem if the text is invalid.
 */
export function readJson(text: string, shift = 0): Node | undefined {
  let root: Node | undefined;
  let problem: SyntaxProblem | undefined;
  const open: (MapNode | ListNode)[] = [];
  let key: { name: string; start: number } | undefined;

  const add = (node: Node) => {
    const parent = open.at(-1);
    if (!parent) root ??= node;
    else if (parent.kind === "list") parent.items.push(node);
    else if (key) parent.entries.push({ key: key.name, keyStart: key.start, value: node });
  };
  const begin = (node: MapNode | ListNode) => {
    if (open.length >= MAX_DEPTH) throw new SyntaxProblem("it is nested too deeply", node.start);
    add(node);
    open.push(node);
  };
  visit(
    text,
    {
      onObjectBegin: (offset) =>
        begin({ kind: "map", start: shift + offset, entries: [], flow: true }),
      onArrayBegin: (offset) =>
        begin({ kind: "list", start: shift + offset, items: [], flow: true }),
      onObjectEnd: () => void open.pop(),
      onArrayEnd: () => void open.pop(),
      onObjectProperty: (name, offset) => {
        key = { name, start: shift + offset };
      },
      onLiteralValue: (value: string | number | boolean | null, offset, length) => {
        const isText = typeof value === "string";
        const start = shift + offset + (isText ? 1 : 0);
        const node: ScalarNode = {
          kind: "scalar",
          start,
          value: value === null ? null : String(value),
          isText,
          excerpt: () =>
            isText ? excerptOfJson(text.slice(offset + 1, offset + length - 1), start) : undefined,
        };
        add(node);
      },
      onError: (error: ParseErrorCode, offset) => {
        problem ??= new SyntaxProblem(describe(error), shift + offset);
      },
    },
    { allowTrailingComma: true },
  );
  if (problem) throw problem;
  return root;
}

/** `CommaExpected` as `comma expected`. */
function describe(error: ParseErrorCode): string {
  return printParseErrorCode(error)
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
}
