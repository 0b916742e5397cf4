import {
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
  COLLECTION_STYLE,
} from "js-yaml";
import { Excerpt } from "./excerpt";
import {
  type Anchor,
  checkExpansion,
  type ListNode,
  type MapNode,
  type Node,
  type ScalarNode,
  SyntaxProblem,
} from "./tree";

const NULL = /^(|~|null|Null|NULL)$/;
/** Plain scalars that YAML 1.2 reads as booleans and numbers. */
const NO_TEXT =
  /^(true|True|TRUE|false|False|FALSE|[-+]?(\.?\d[\d_]*(\.\d*)?([eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN)$/;

/** The lines of a text, with where they begin and without what ends them. */
function linesOf(text: string, start: number): { start: number; text: string }[] {
  const lines: { start: number; text: string }[] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    lines.push({ start: start + at, text: line.replace(/\r$/, "") });
    at += line.length + 1;
  }
  return lines;
}

/** A block (`|` or `>`) or a string over several lines: each line without its indentation, and what joins them. */
function excerptOfLines(
  raw: string,
  start: number,
  joint: string,
  trim: (line: string) => number,
): Excerpt {
  const lines = linesOf(raw, start);
  return Excerpt.of(
    lines.flatMap((line, at) => {
      const cut = trim(line.text);
      const text = joint === " " ? line.text.slice(cut).trimEnd() : line.text.slice(cut);
      const piece = { start: line.start + cut, text };
      if (at === lines.length - 1) return [piece];
      const end = piece.start + text.length;
      return [piece, { start: end, text: joint, length: lines[at + 1]!.start - end }];
    }),
  );
}

const SINGLE_ESCAPE = /''/g;
const DOUBLE_ESCAPE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\r\n])/g;

/** What the escapes of one letter read. Source: https://yaml.org/spec/1.2.2/#57-escaped-characters */
const LETTER_ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

const MAX_CODE_POINT = 0x10ffff;
const REPLACEMENT = "\ufffd";

/** What an escape reads: `''`, or a backslash with a letter or a number. */
function unescape(escape: string): string {
  const letter = escape[1]!;
  if (escape.length === 2) return LETTER_ESCAPES[letter] ?? letter;
  const code = parseInt(escape.slice(2), 16);
  return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : REPLACEMENT;
}

/** A quoted string on one line, without its escapes. */
function excerptOfQuoted(raw: string, start: number, escapes: RegExp): Excerpt {
  const pieces: { start: number; text: string; length?: number }[] = [];
  let at = 0;
  for (const { index, 0: escape } of raw.matchAll(escapes)) {
    pieces.push({ start: start + at, text: raw.slice(at, index) });
    pieces.push({ start: start + index, text: unescape(escape), length: escape.length });
    at = index + escape.length;
  }
  pieces.push({ start: start + at, text: raw.slice(at) });
  return Excerpt.of(pieces);
}

/** Where the characters of a scalar are written; undefined where it is folded in a way that can't be followed. */
function excerptOfScalar(text: string, event: ScalarEvent, value: string): Excerpt | undefined {
  const { valueStart, valueEnd, style } = event;
  const raw = text.slice(valueStart, valueEnd);
  if (raw === value) return Excerpt.of([{ start: valueStart, text: raw }]);
  let excerpt: Excerpt;
  if (style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK) {
    const joint = style === SCALAR_STYLE.LITERAL_BLOCK ? "\n" : " ";
    excerpt = excerptOfLines(raw, valueStart, joint, (line) =>
      Math.min(event.indent, /^ */.exec(line)![0].length),
    );
  } else if (raw.includes("\n")) {
    excerpt = excerptOfLines(raw, valueStart, " ", (line) => /^\s*/.exec(line)![0].length);
  } else if (style === SCALAR_STYLE.SINGLE_QUOTED) {
    excerpt = excerptOfQuoted(raw, valueStart, SINGLE_ESCAPE);
  } else {
    excerpt = excerptOfQuoted(raw, valueStart, DOUBLE_ESCAPE);
  }
  return excerpt.text.trimEnd() === value.trimEnd() ? excerpt : undefined;
}

class Scalar implements ScalarNode {
  readonly kind = "scalar";
  private read: string | undefined;

  constructor(
    private readonly text: string,
    private readonly event: ScalarEvent,
    readonly tag: string | undefined,
    readonly anchor: Anchor | undefined,
  ) {}

  get start(): number {
    return this.event.valueStart;
  }

  private get source(): string {
    return (this.read ??= getScalarValue(this.text, this.event));
  }

  private get plain(): boolean {
    return this.event.style === SCALAR_STYLE.PLAIN;
  }

  get value(): string | null {
    return this.plain && NULL.test(this.source) ? null : this.source;
  }

  get isText(): boolean {
    return !this.plain || !(NULL.test(this.source) || NO_TEXT.test(this.source));
  }

  excerpt(): Excerpt | undefined {
    return excerptOfScalar(this.text, this.event, this.source);
  }
}

/** A map or a list that is not complete yet. */
interface Open {
  readonly node: MapNode | ListNode;
  /** The key whose value comes next. */
  key: { readonly name: string; readonly start: number } | undefined;
}

/** Puts the tree of one document together from the parser's events. */
class Builder {
  private root: Node | undefined;
  private readonly open: Open[] = [];
  private readonly anchors = new Map<string, { node: Node; anchor?: Anchor }>();
  /** The key at the top of the document that is being read. */
  private rootKey: string | undefined;
  hasAliases = false;

  constructor(private readonly text: string) {}

  get document(): Node | undefined {
    return this.root;
  }

  private slice(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.text.slice(start, end);
  }

  private setKey(parent: Open, name: string, start: number): void {
    parent.key = { name, start };
    if (parent === this.open[0]) this.rootKey = name;
  }

  private add(node: Node, keyStart: number): void {
    const parent = this.open.at(-1);
    if (!parent) {
      this.root = node;
    } else if (parent.node.kind === "list") {
      parent.node.items.push(node);
    } else if (parent.key) {
      parent.node.entries.push({ key: parent.key.name, keyStart: parent.key.start, value: node });
      parent.key = undefined;
    } else {
      // A key that is not a string can't be one that is looked for.
      this.setKey(parent, node.kind === "scalar" ? (node.value ?? "") : "", keyStart);
    }
  }

  handle(event: ContentEvent): void {
    switch (event.type) {
      case EVENT_ID.POP:
        this.open.pop();
        return;
      case EVENT_ID.ALIAS: {
        this.hasAliases = true;
        const name = this.text.slice(event.anchorStart, event.anchorEnd);
        const found = this.anchors.get(name);
        if (found?.anchor) found.anchor.uses += 1;
        this.add(
          { kind: "alias", start: event.anchorStart - 1, target: found?.node },
          event.anchorStart - 1,
        );
        return;
      }
      case EVENT_ID.SCALAR: {
        const parent = this.open.at(-1);
        if (parent?.node.kind === "map" && !parent.key && event.anchorStart < 0) {
          this.setKey(parent, getScalarValue(this.text, event), event.valueStart);
          return;
        }
        const name = this.slice(event.anchorStart, event.anchorEnd);
        const anchor = name === undefined ? undefined : { name, rootKey: this.rootKey, uses: 0 };
        const tag = this.slice(event.tagStart, event.tagEnd);
        const node = new Scalar(this.text, event, tag, anchor);
        if (name !== undefined) this.anchors.set(name, { node, anchor });
        this.add(node, event.valueStart);
        return;
      }
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        const tag = this.slice(event.tagStart, event.tagEnd);
        const base = {
          start: event.start,
          ...(tag !== undefined && { tag }),
          flow: event.style === COLLECTION_STYLE.FLOW,
        };
        const node: MapNode | ListNode =
          event.type === EVENT_ID.MAPPING
            ? { kind: "map", ...base, entries: [] }
            : { kind: "list", ...base, items: [] };
        const name = this.slice(event.anchorStart, event.anchorEnd);
        if (name !== undefined) this.anchors.set(name, { node });
        this.add(node, event.start);
        this.open.push({ node, key: undefined });
      }
    }
  }
}

type ContentEvent = Exclude<Event, { type: typeof EVENT_ID.DOCUMENT }>;

/** Where the content of an event begins. */
function startOf(event: ContentEvent | undefined): number {
  if (event === undefined || event.type === EVENT_ID.POP) return -1;
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : event.start;
}

/** The events of each document. */
function splitDocuments(events: readonly Event[]): ContentEvent[][] {
  const documents: ContentEvent[][] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) documents.push([]);
    else documents.at(-1)?.push(event);
  }
  return documents;
}

/** The documents that mention something. */
function documentsWith(
  mentions: RegExp,
  text: string,
  documents: readonly ContentEvent[][],
): ContentEvent[][] {
  const found: ContentEvent[][] = [];
  // What is before the next document's content is at least all of this one's.
  let end = text.length;
  for (const document of documents.toReversed()) {
    const start = startOf(document[0]);
    if (start < 0) continue;
    if (mentions.test(text.slice(start, end))) found.push(document);
    end = start;
  }
  return found.reverse();
}

/**
 * Reads the documents of a YAML file.
 *
 * @param mentions What a document must mention to be among those that are returned; all of them are checked.
 * @throws SyntaxProblem if the text is invalid, or its aliases expand to too much.
 */
export function readYaml(text: string, mentions?: RegExp): Node[] {
  let events: Event[];
  try {
    events = parseEvents(text, {});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new SyntaxProblem(error.reason, error.mark?.position);
  }
  const split = splitDocuments(events);
  const wanted = mentions && split.length > 1 ? documentsWith(mentions, text, split) : split;
  return wanted.flatMap((document) => {
    const builder = new Builder(text);
    for (const event of document) builder.handle(event);
    const root = builder.document;
    if (root && builder.hasAliases) checkExpansion(root);
    return root ? [root] : [];
  });
}
