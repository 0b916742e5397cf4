import { Help } from "commander";
import { type JsonContract, shapeOf } from "./json-contract";

/** The longest line of a help text. */
const WIDTH = 80;

/** What follows the options in a command's help. */
export interface HelpDetails {
  /** Lines of text, which are filled; indented ones remain lines, and an empty one separates paragraphs. */
  readonly notes?: readonly string[];
  /** What is printed, by the options that print it, such as `--json`. */
  readonly json?: Readonly<Record<string, JsonContract>>;
  /** What the exit codes mean. Defaults: 0 `done`, no 1, 2 `wrong use or a failure`. */
  readonly exitCodes?: Readonly<Partial<Record<0 | 1 | 2, string>>>;
  /** Whole command lines. */
  readonly examples: readonly string[];
}

/** Breaks text into lines, all but the first behind an indentation. */
const wrap = (text: string, indent = 0): string =>
  new Help().boxWrap(text, WIDTH - indent).replaceAll("\n", `\n${" ".repeat(indent)}`);

/** Fills text, and keeps the columns of indented lines. */
function wrapNotes(notes: readonly string[]): string[] {
  const filled: string[] = [];
  for (const note of notes) {
    const previous = filled.at(-1);
    const goesOn = /^\S/.test(note) && previous !== undefined && /^\S.*[^:]$/.test(previous);
    if (goesOn) filled.splice(-1, 1, `${previous} ${note}`);
    else filled.push(note);
  }
  return filled.map((note) => {
    const [columns = ""] = /^ +(\S+ {2,})?/.exec(note) ?? [];
    return columns + wrap(note.slice(columns.length), columns.length);
  });
}

/** Continues a long command line on the next one, before an option or behind a pipe. */
function wrapExample(example: string): string {
  const [first = "", ...rest] = `  $ ${example}`.split(/ (?=--|<\()|(?<=\|) /);
  const lines = [first];
  for (const part of rest) {
    const longer = `${lines.at(-1)} ${part}`;
    if (longer.length <= WIDTH - 2) lines.splice(-1, 1, longer);
    else lines.push(`      ${part}`);
  }
  return lines
    .map((line, at) => (at < lines.length - 1 && !line.endsWith("|") ? `${line} \\` : line))
    .join("\n");
}

/** The text below the options in a command's help. */
export function helpDetails({ notes, json = {}, exitCodes, examples }: HelpDetails): string {
  const codes = { 0: "done", 2: "wrong use or a failure", ...exitCodes };
  const sections = [
    ...(notes ? [wrapNotes(notes)] : []),
    ...Object.entries(json).map(([options, contract]) => [
      `${options} prints (a field without a type is a string):`,
      ...shapeOf(contract).map((line) => `  ${line}`),
    ]),
    [
      "Exit codes:",
      ...wrapNotes(Object.entries(codes).map(([code, meaning]) => `  ${code}  ${meaning}`)),
    ],
    ["Examples:", ...examples.map(wrapExample)],
  ];
  return sections.map((lines) => `\n${lines.join("\n")}\n`).join("");
}
