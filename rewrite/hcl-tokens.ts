import { SyntaxProblem } from "./tree";

/*
 * HCL in tokens, each with its place, by HCL's native syntax specification
 * (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md). The parsers there are on npm give no places: they are
 * HashiCorp's own, compiled, and hand out values only.
 */

/** A stretch of a template: literal text, or what `${…}` and `%{…}` fill in. */
export interface TemplatePart {
  readonly kind: "literal" | "filled";
  readonly start: number;
  readonly end: number;
}

export interface Token {
  readonly kind:
    "identifier" | "number" | "punctuation" | "newline" | "template" | "heredoc" | "end";
  readonly start: number;
  readonly end: number;
  /** What an identifier, a number or a punctuation mark reads. */
  readonly text: string;
  /** Of a template or a heredoc: where its content begins and ends, and its parts. */
  readonly content?: { readonly start: number; readonly end: number };
  readonly parts?: readonly TemplatePart[];
}

const IDENTIFIER = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const NUMBER = /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEREDOC = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)[ \t]*\r?\n/uy;
const PUNCTUATION = /\.\.\.|=>|==|!=|<=|>=|&&|\|\||[-+*/%&|!<>=?:.,(){}[\]~]/y;
/** Characters that may end a stretch of literal text. */
const SPECIAL = /["\\\n$%]/g;

/** How deeply templates may be nested in templates; the scanner calls itself for each level. */
const MAX_DEPTH = 200;

/** Marks that begin no longer one. */
const LONE_MARKS = "{}[](),:?~";

function matchAt(form: RegExp, text: string, at: number): RegExpExecArray | null {
  form.lastIndex = at;
  return form.exec(text);
}

class Scanner {
  private depth = 0;

  constructor(private readonly text: string) {}

  /** The token at a place; comments and space before it are skipped. */
  token(start: number): Token {
    const { text } = this;
    const at = this.skipSpace(start);
    if (at >= text.length) return { kind: "end", start: text.length, end: text.length, text: "" };
    const character = text[at]!;
    if (character === "\n") return { kind: "newline", start: at, end: at + 1, text: "\n" };
    if (character === '"') return this.quoted(at);
    if (character === "<" && text[at + 1] === "<") {
      const heredoc = this.heredoc(at);
      if (heredoc) return heredoc;
    }
    if (LONE_MARKS.includes(character)) {
      return { kind: "punctuation", start: at, end: at + 1, text: character };
    }
    for (const [kind, form] of [
      ["identifier", IDENTIFIER],
      ["number", NUMBER],
      ["punctuation", PUNCTUATION],
    ] as const) {
      const match = matchAt(form, text, at);
      if (match) return { kind, start: at, end: at + match[0].length, text: match[0] };
    }
    throw new SyntaxProblem(`unexpected ${JSON.stringify(character)}`, at);
  }

  private skipSpace(start: number): number {
    const { text } = this;
    let at = start;
    for (;;) {
      const character = text[at];
      if (character === " " || character === "\t" || character === "\r" || character === "\ufeff") {
        at += 1;
      } else if (character === "#" || (character === "/" && text[at + 1] === "/")) {
        const newline = text.indexOf("\n", at);
        at = newline < 0 ? text.length : newline;
      } else if (character === "/" && text[at + 1] === "*") {
        const end = text.indexOf("*/", at + 2);
        if (end < 0) throw new SyntaxProblem("a comment is not closed", at);
        at = end + 2;
      } else {
        return at;
      }
    }
  }

  private quoted(start: number): Token {
    const { end, parts } = this.template(start + 1, (at) => {
      if (at >= this.text.length || this.text[at] === "\n") {
        throw new SyntaxProblem("a string is not closed", start);
      }
      return this.text[at] === '"';
    });
    return {
      kind: "template",
      start,
      end: end + 1,
      text: "",
      content: { start: start + 1, end },
      parts,
    };
  }

  private heredoc(start: number): Token | undefined {
    const match = matchAt(HEREDOC, this.text, start);
    if (!match) return undefined;
    const content = start + match[0].length;
    const marker = new RegExp(`[ \\t]*${match[2]}[ \\t]*(?=\\r?\\n|\\r?$)`, "y");
    const { end, parts } = this.template(
      content,
      (at) => {
        if (at >= this.text.length) throw new SyntaxProblem("a heredoc is not closed", start);
        const lineStarts = at === content || this.text[at - 1] === "\n";
        return lineStarts && matchAt(marker, this.text, at) !== null;
      },
      false,
    );
    const closing = matchAt(marker, this.text, end)![0].length;
    return {
      kind: "heredoc",
      start,
      end: end + closing,
      text: "",
      content: { start: content, end },
      parts,
    };
  }

  /** The parts of a template, up to where `ends` holds. */
  template(
    start: number,
    ends: (at: number) => boolean,
    escapes = true,
  ): { end: number; parts: TemplatePart[] } {
    const { text } = this;
    const parts: TemplatePart[] = [];
    let literal = start;
    let at = start;
    while (!ends(at)) {
      const character = text[at]!;
      if (character === "\\" && escapes) {
        at += 2;
      } else if ((character === "$" || character === "%") && text[at + 1] === "{") {
        if (at > literal) parts.push({ kind: "literal", start: literal, end: at });
        const end = this.closingBrace(at + 2, at);
        parts.push({ kind: "filled", start: at, end });
        at = literal = end;
      } else if (
        (character === "$" || character === "%") &&
        text.startsWith(`${character}{`, at + 1)
      ) {
        // $${ and %%{ are literal.
        at += 3;
      } else if (character === "\n") {
        // A heredoc may end where a line begins.
        at += 1;
      } else {
        SPECIAL.lastIndex = at + 1;
        at = SPECIAL.exec(text)?.index ?? text.length;
      }
    }
    if (at > literal) parts.push({ kind: "literal", start: literal, end: at });
    return { end: at, parts };
  }

  /** The end of what is filled in: behind the brace that closes it. */
  private closingBrace(start: number, opened: number): number {
    if (this.depth >= MAX_DEPTH) throw new SyntaxProblem("it is nested too deeply", opened);
    this.depth += 1;
    let depth = 1;
    for (let at = start; ;) {
      const token = this.token(at);
      at = token.end;
      if (token.kind === "end") throw new SyntaxProblem("a brace is not closed", opened);
      if (token.kind !== "punctuation") continue;
      if (token.text === "{") depth += 1;
      else if (token.text === "}" && (depth -= 1) === 0) {
        this.depth -= 1;
        return at;
      }
    }
  }
}

/**
 * The tokens of an HCL file; the last is of the kind `end`.
 *
 * @throws SyntaxProblem for text that is not HCL.
 */
export function tokenize(text: string): Token[] {
  const scanner = new Scanner(text);
  const tokens: Token[] = [];
  for (let at = 0; ;) {
    const token = scanner.token(at);
    tokens.push(token);
    if (token.kind === "end") return tokens;
    at = token.end;
  }
}

/** The parts of a template that is a file of its own, or a string in another one. */
export function templateParts(text: string): TemplatePart[] {
  return new Scanner(text).template(0, (at) => at >= text.length, false).parts;
}
