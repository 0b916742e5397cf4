import { type JsonContract, shapeOf } from "./json-contract";

/** What follows the options in a command's help. */
export interface HelpDetails {
  /** Lines of text. */
  readonly notes?: readonly string[];
  /** What is printed, by the options that print it, such as `--json`. */
  readonly json?: Readonly<Record<string, JsonContract>>;
  /** What the exit codes mean. Defaults: 0 `done`, no 1, 2 `wrong use or a failure`. */
  readonly exitCodes?: Readonly<Partial<Record<0 | 1 | 2, string>>>;
  /** Whole command lines. */
  readonly examples: readonly string[];
}

/** The text below the options in a command's help. */
export function helpDetails({ notes, json = {}, exitCodes, examples }: HelpDetails): string {
  const codes = { 0: "done", 2: "wrong use or a failure", ...exitCodes };
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  const sections = [
    ...(notes ? [notes] : []),
    ...Object.entries(json).map(([options, contract]) => [
      `${options} prints (a field without a type is a string):`,
      ...indented(shapeOf(contract)),
    ]),
    [
      "Exit codes:",
      ...indented(Object.entries(codes).map(([code, meaning]) => `${code}  ${meaning}`)),
    ],
    ["Examples:", ...indented(examples.map((line) => `$ ${line}`))],
  ];
  return sections.map((lines) => `\n${lines.join("\n")}\n`).join("");
}
