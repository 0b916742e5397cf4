/*
 * `ecr-cache: ignore` in a comment: the name on its line, or on the line below a comment that has a line of its own, is
 * left alone. `ecr-cache: ignore-file` leaves every name of its file alone.
 */

/** The comment in the syntaxes that are read: `#`, `//`, `/* … `, `<!-- …`, and a template's `{{/* …`. */
const COMMENT = /(^|\s)(?:#|\/\/|\/\*|<!--|\{\{-?\s*\/\*)\s*ecr-cache: *ignore(-file)?(?![\w-])/;

/** Which names of a file its comments exempt. */
export interface Ignored {
  readonly isFile: boolean;
  /** Line numbers, from 1. */
  readonly lines: ReadonlySet<number>;
}

/** Which names of a text its comments exempt; undefined where there is no such comment. */
export function ignoredIn(text: string): Ignored | undefined {
  if (!text.includes("ecr-cache:")) return undefined;
  let isFile = false;
  const lines = new Set<number>();
  text.split("\n").forEach((line, at) => {
    const match = COMMENT.exec(line);
    if (!match) return;
    if (match[2] !== undefined) isFile = true;
    else lines.add(line.slice(0, match.index).trim() === "" ? at + 2 : at + 1);
  });
  return isFile || lines.size > 0 ? { isFile, lines } : undefined;
}
