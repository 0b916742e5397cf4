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
import type { Excerpt } from "./excerpt";
import { readLenientYaml } from "./lenient-yaml";
import {
  type Anchor,
  checkExpansion,
  type ListNode,
  type MapNode,
  type Node,
  type ScalarNode,
  SyntaxProblem,
} from "./tree";
import { excerptOfScalar, NO_TEXT, NULL } from "./yaml-scalar";

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

/** The events of each document. */
function splitDocuments(events: readonly Event[]): ContentEvent[][] {
  const documents: ContentEvent[][] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) documents.push([]);
    else documents.at(-1)?.push(event);
  }
  return documents;
}

/** Where documents begin, at the least: in a quoted string, such a line is an error. */
const SEPARATOR = /(?<![^\n\r])---(?=\s|$)/g;

/** A text with empty lines for the documents that do not mention something, so that the others stay where they are. */
function onlyWith(mentions: RegExp, text: string): string {
  const starts = [...text.matchAll(SEPARATOR)].map(({ index }) => index);
  // Directives are before the document that they are for.
  if (starts.length < 2 || /^%/m.test(text)) return text;
  return [0, ...starts]
    .map((start, at) => {
      const document = text.slice(start, starts[at]);
      return mentions.test(document) ? document : "\n".repeat(document.length);
    })
    .join("");
}

/** What js-yaml says of a line that is indented less than what it continues. */
const DEFICIENT = "deficient indentation";
/** How often a text is parsed at most, and how many characters together. */
const MAX_PARSES = 100;
const MAX_PARSED = 4_000_000;

/** A text with the line break before an offset as spaces: a quoted string reads the same, wherever it is continued. */
function joinLines(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd();
  return before.padEnd(at) + text.slice(at);
}

/**
 * The events of a text. libyaml and go-yaml let a quoted string or a list in brackets go on in any column, against the
 * specification; its lines are joined then, so that offsets stay as they are.
 */
function parse(text: string): { events: Event[]; joined: string } | YAMLException {
  let joined = text;
  for (let parses = 1; ; parses += 1) {
    try {
      return { events: parseEvents(joined, {}), joined };
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const at = error.reason === DEFICIENT ? (error.mark?.position ?? 0) : 0;
      const next = at > 0 ? joinLines(joined, at) : joined;
      const isCostly = parses >= MAX_PARSES || parses * text.length >= MAX_PARSED;
      if (next === joined || isCostly) return error;
      joined = next;
    }
  }
}

/**
 * Reads the documents of a YAML file.
 *
 * @param mentions What a document must mention to be read; others are not looked at.
 * @throws SyntaxProblem if the text is invalid, or its aliases expand to too much.
 */
export function readYaml(text: string, mentions?: RegExp): Node[] {
  const wanted = mentions ? onlyWith(mentions, text) : text;
  const parsed = parse(wanted);
  if (parsed instanceof YAMLException) {
    const lenient = readLenientYaml(wanted);
    if (lenient) return lenient;
    throw new SyntaxProblem(parsed.reason, parsed.mark?.position);
  }
  const { events, joined } = parsed;
  return splitDocuments(events).flatMap((document) => {
    const builder = new Builder(joined);
    for (const event of document) builder.handle(event);
    const root = builder.document;
    if (root && builder.hasAliases) checkExpansion(root);
    return root ? [root] : [];
  });
}
