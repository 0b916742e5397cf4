import { SCALAR_STYLE, type ScalarEvent } from "js-yaml";
import { Excerpt } from "./excerpt";

/*
 * The scalars of YAML: what they read, and where their characters are written.
 */

export const NULL = /^(|~|null|Null|NULL)$/;
/** Plain scalars that YAML 1.2 reads as booleans and numbers. */
export const NO_TEXT =
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

/** How and where a scalar is written. */
export type WrittenScalar = Pick<ScalarEvent, "valueStart" | "valueEnd" | "style" | "indent">;

/** Where the characters of a scalar are written; undefined where it is folded in a way that can't be followed. */
export function excerptOfScalar(
  text: string,
  written: WrittenScalar,
  value: string,
): Excerpt | undefined {
  const { valueStart, valueEnd, style, indent } = written;
  const raw = text.slice(valueStart, valueEnd);
  if (raw === value) return Excerpt.of([{ start: valueStart, text: raw }]);
  let excerpt: Excerpt;
  if (style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK) {
    const joint = style === SCALAR_STYLE.LITERAL_BLOCK ? "\n" : " ";
    excerpt = excerptOfLines(raw, valueStart, joint, (line) =>
      Math.min(indent, /^ */.exec(line)![0].length),
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
