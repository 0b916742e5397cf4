import { type Token, tokenize } from "./hcl-tokens";
import { SyntaxProblem } from "./tree";

/*
 * HCL as a tree: blocks, attributes, and as much of expressions as it takes to find strings in them. What is computed
 * stays in one piece.
 */

export type Expression =
  /** A quoted string or a heredoc; it may have parts that are filled in. */
  | { readonly kind: "text"; readonly token: Token }
  | (Written & { readonly kind: "object"; readonly items: readonly ObjectItem[] })
  | (Written & { readonly kind: "list"; readonly items: readonly Expression[] })
  | (Written & {
      readonly kind: "call";
      readonly name: string;
      readonly items: readonly Expression[];
    })
  /** Anything else, with the expressions in it. */
  | (Written & { readonly kind: "computed"; readonly items: readonly Expression[] });

/** Where an expression is written. */
interface Written {
  readonly start: number;
  readonly end: number;
}

export interface ObjectItem {
  /** The key as it reads; empty for one that is computed. */
  readonly key: string;
  readonly value: Expression;
}

export interface Attribute {
  readonly name: string;
  readonly value: Expression;
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
}

export interface Body {
  readonly attributes: readonly Attribute[];
  readonly blocks: readonly Block[];
}

/** How deeply blocks and expressions may be nested. */
const MAX_DEPTH = 200;

class Parser {
  private at = 0;
  private depth = 0;
  private readonly tokens: readonly Token[];

  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  private get token(): Token {
    return this.tokens[Math.min(this.at, this.tokens.length - 1)]!;
  }

  private get following(): Token {
    return this.tokens[Math.min(this.at + 1, this.tokens.length - 1)]!;
  }

  /** Where the last token ends. */
  private get lastEnd(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  private is(text: string): boolean {
    return this.token.kind === "punctuation" && this.token.text === text;
  }

  private next(): Token {
    const { token } = this;
    this.at += 1;
    return token;
  }

  private fail(expected: string): never {
    const { kind, text, start } = this.token;
    const found =
      kind === "end" ? "the end" : kind === "newline" ? "a new line" : text || "a string";
    throw new SyntaxProblem(`found ${found} where ${expected} should be`, start);
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_DEPTH)
      throw new SyntaxProblem("it is nested too deeply", this.token.start);
    const result = read();
    this.depth -= 1;
    return result;
  }

  /** Attributes and blocks, up to a closing brace or the end. */
  body(): Body {
    const attributes: Attribute[] = [];
    const blocks: Block[] = [];
    for (;;) {
      while (this.token.kind === "newline") this.at += 1;
      if (this.token.kind === "end" || this.is("}")) return { attributes, blocks };
      if (this.token.kind !== "identifier") this.fail("an attribute or a block");
      const name = this.next().text;
      if (this.is("=")) {
        this.at += 1;
        attributes.push({ name, value: this.nested(() => this.expression(["}"], true)) });
      } else {
        blocks.push(this.nested(() => this.block(name)));
      }
    }
  }

  private block(type: string): Block {
    const labels: string[] = [];
    while (this.token.kind === "identifier" || this.token.kind === "template") {
      labels.push(this.keyOf(this.next()));
    }
    if (!this.is("{")) this.fail("= or {");
    this.at += 1;
    const body = this.body();
    if (!this.is("}")) this.fail("}");
    this.at += 1;
    return { type, labels, body };
  }

  private keyOf({ kind, text, content }: Token): string {
    return kind === "template" && content ? this.text.slice(content.start, content.end) : text;
  }

  /**
   * An expression.
   *
   * @param stops The marks that end it; they are left.
   * @param lineEnds Whether a new line ends it too.
   */
  private expression(stops: readonly string[], lineEnds: boolean): Expression {
    const { start } = this.token;
    const items: Expression[] = [];
    let isOne = true;
    let end = start;
    for (;;) {
      const { token } = this;
      if (token.kind === "end") break;
      if (token.kind === "newline") {
        if (lineEnds) break;
        this.at += 1;
        continue;
      }
      if (token.kind === "punctuation" && stops.includes(token.text)) break;
      const term = this.term();
      if (term) items.push(term);
      else isOne = false;
      end = this.lastEnd;
    }
    const [only] = items;
    return isOne && only && items.length === 1 ? only : { kind: "computed", start, end, items };
  }

  /** The next part of an expression; undefined for one that contains no string. */
  private term(): Expression | undefined {
    const token = this.next();
    const { start } = token;
    if (token.kind === "template" || token.kind === "heredoc") return { kind: "text", token };
    if (token.kind === "identifier" && this.is("(")) {
      this.at += 1;
      const items = this.items(")");
      return { kind: "call", start, end: this.lastEnd, name: token.text, items };
    }
    if (token.kind !== "punctuation") return undefined;
    if (token.text === "[") return this.list(start);
    if (token.text === "{") return this.nested(() => this.object(start));
    if (token.text === "(") {
      const inner = this.nested(() => this.expression([")"], false));
      this.close(")");
      return inner;
    }
    if (token.text === "}" || token.text === "]" || token.text === ")") {
      this.at -= 1;
      this.fail("a value");
    }
    return undefined;
  }

  private close(mark: string): void {
    if (!this.is(mark)) this.fail(mark);
    this.at += 1;
  }

  /** Values separated by commas, up to a closing mark. */
  private items(closing: string): Expression[] {
    const items: Expression[] = [];
    for (;;) {
      while (this.token.kind === "newline" || this.is(",")) this.at += 1;
      if (this.is(closing)) break;
      if (this.token.kind === "end") this.fail(closing);
      items.push(this.nested(() => this.expression([",", closing], false)));
    }
    this.at += 1;
    return items;
  }

  private get isFor(): boolean {
    let at = this.at;
    while (this.tokens[at]?.kind === "newline") at += 1;
    const [token, after] = [this.tokens[at], this.tokens[at + 1]];
    return token?.kind === "identifier" && token.text === "for" && after?.kind === "identifier";
  }

  /** `for` computes values that are not written as such. */
  private comprehension(start: number, closing: string): Expression {
    const inner = this.nested(() => this.expression([closing], false));
    this.close(closing);
    return { kind: "computed", start, end: this.lastEnd, items: [inner] };
  }

  private list(start: number): Expression {
    if (this.isFor) return this.comprehension(start, "]");
    const items = this.items("]");
    return { kind: "list", start, end: this.lastEnd, items };
  }

  private object(start: number): Expression {
    if (this.isFor) return this.comprehension(start, "}");
    const items: ObjectItem[] = [];
    for (;;) {
      while (this.token.kind === "newline" || this.is(",")) this.at += 1;
      if (this.is("}")) break;
      if (this.token.kind === "end") this.fail("}");
      const simple =
        this.following.kind === "punctuation" &&
        (this.following.text === "=" || this.following.text === ":");
      const key = simple ? this.keyOf(this.next()) : this.computedKey();
      if (!this.is("=") && !this.is(":")) this.fail("= or :");
      this.at += 1;
      items.push({ key, value: this.nested(() => this.expression([",", "}"], true)) });
    }
    this.at += 1;
    return { kind: "object", start, end: this.lastEnd, items };
  }

  private computedKey(): string {
    this.nested(() => this.expression(["=", ":", ",", "}"], true));
    return "";
  }

  end(): void {
    if (this.token.kind !== "end") this.fail("an attribute or a block");
  }
}

/**
 * Reads an HCL file.
 *
 * @throws SyntaxProblem if the text is invalid.
 */
export function parseHcl(text: string): Body {
  const parser = new Parser(text);
  const body = parser.body();
  parser.end();
  return body;
}
