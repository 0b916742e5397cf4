import type { Edit } from "./site";
import type { MapNode } from "./tree";

/*
 * Keys that are added to a map of YAML or JSON, in the way in which it is written.
 */

const LINE_BREAK = /\r\n|\n|\r/g;

/** Where a line ends, and what ends it: as the text's first line does, if there is nothing behind it. */
export function lineEnd(text: string, at: number): { end: number; newline: string } {
  LINE_BREAK.lastIndex = at;
  const found = LINE_BREAK.exec(text);
  if (found) return { end: found.index, newline: found[0] };
  LINE_BREAK.lastIndex = 0;
  return { end: text.length, newline: LINE_BREAK.exec(text)?.[0] ?? "\n" };
}

/** Where the line begins that an offset is in. */
export function lineStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && text[start - 1] !== "\n" && text[start - 1] !== "\r") start -= 1;
  return start;
}

/** Whether keys and values are quoted, as in JSON. */
function isQuoted(text: string, { entries: [first] }: MapNode): boolean {
  return first !== undefined && text.slice(first.keyStart - 1, first.keyStart + 1).includes('"');
}

/** A key and its value as they would be written in a map. @param written The value as YAML has it. */
export function pairIn(text: string, map: MapNode, key: string, written: string): string {
  if (!isQuoted(text, map)) return `${key}: ${written}`;
  return `"${key}": ${written.startsWith('"') ? written : JSON.stringify(written)}`;
}

/**
 * The edit that adds a key to a map; undefined where it is written so that none can be added.
 *
 * @param after The key that it is added behind, and where the value of that ends, without quotes.
 */
export function addedKey(
  text: string,
  map: MapNode,
  after: { readonly key: string; readonly end: number },
  key: string,
  value: string,
): Edit | undefined {
  const entry = map.entries.find((one) => one.key === after.key);
  if (!entry) return undefined;
  const pair = pairIn(text, map, key, value);
  if (map.flow) {
    const at = after.end + (/["']/.test(text[after.end] ?? "") ? 1 : 0);
    return { start: at, end: at, text: `, ${pair}` };
  }
  const { end, newline } = lineEnd(text, after.end);
  const lead = text.slice(lineStart(text, entry.keyStart), entry.keyStart);
  // Only a map that begins like this has its keys in the column of the first one.
  if (!/^ *(- +)*["']?$/.test(lead)) return undefined;
  const indent = lead.replaceAll("-", " ").replace(/["']$/, "");
  return { start: end, end, text: `${newline}${indent}${pair}` };
}
