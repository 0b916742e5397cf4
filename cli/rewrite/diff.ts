import { applyEdits } from "../../rewrite/reference";
import type { Edit } from "../../rewrite/site";

/*
 * A unified diff from edits that are known. To search for the differences would take the square of their number.
 */

/** Unchanged lines that are shown around a change. */
const CONTEXT = 3;

/** Lines `from` to `to` (exclusive, from 0) that become other ones. Lines include what ends them. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The lines that edits change; neighbouring ones are one change. */
function changesOf(lines: readonly string[], edits: readonly Edit[]): Change[] {
  const changes: Change[] = [];
  let line = 0;
  let start = 0;
  const goTo = (offset: number) => {
    while (line < lines.length - 1 && start + lines[line]!.length <= offset) {
      start += lines[line]!.length;
      line += 1;
    }
  };
  for (let at = 0; at < edits.length;) {
    goTo(edits[at]!.start);
    const [from, offset] = [line, start];
    const inside: Edit[] = [];
    do {
      const edit = edits[at]!;
      inside.push({ ...edit, start: edit.start - offset, end: edit.end - offset });
      goTo(edit.end);
      at += 1;
      // An edit on the next line belongs to this change.
    } while (
      at < edits.length &&
      edits[at]!.start < start + lines[line]!.length + (lines[line + 1]?.length ?? 0)
    );
    const after = linesOf(applyEdits(lines.slice(from, line + 1).join(""), inside));
    changes.push(trim({ from, to: line + 1, lines: after }, lines));
  }
  return changes;
}

/** A change without the lines at its ends that stay. */
function trim(change: Change, lines: readonly string[]): Change {
  let { from, to } = change;
  let first = 0;
  let last = change.lines.length;
  while (from < to && first < last && lines[from] === change.lines[first]) {
    from += 1;
    first += 1;
  }
  while (from < to && first < last && lines[to - 1] === change.lines[last - 1]) {
    to -= 1;
    last -= 1;
  }
  return { from, to, lines: change.lines.slice(first, last) };
}

function marked(mark: string, lines: readonly string[]): string {
  return lines
    .map((line) => mark + (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`))
    .join("");
}

/** A hunk as text. @param shift How many lines the hunks before it have added. */
function formatHunk(lines: readonly string[], changes: readonly Change[], shift: number): string {
  const from = Math.max(changes[0]!.from - CONTEXT, 0);
  const to = Math.min(changes.at(-1)!.to + CONTEXT, lines.length);
  let body = "";
  let at = from;
  let added = 0;
  for (const change of changes) {
    body += marked(" ", lines.slice(at, change.from));
    body += marked("-", lines.slice(change.from, change.to)) + marked("+", change.lines);
    added += change.lines.length - (change.to - change.from);
    at = change.to;
  }
  body += marked(" ", lines.slice(at, to));
  const count = to - from;
  return `@@ -${from + 1},${count} +${from + 1 + shift},${count + added} @@\n${body}`;
}

/**
 * A diff that `git apply` takes.
 *
 * @param name The file's path.
 * @param edits In the order of the text, none of which overlap.
 */
export function unifiedDiff(name: string, before: string, edits: readonly Edit[]): string {
  const lines = linesOf(before);
  const hunks: Change[][] = [];
  for (const change of changesOf(lines, edits)) {
    const last = hunks.at(-1);
    if (last && change.from - last.at(-1)!.to <= 2 * CONTEXT) last.push(change);
    else hunks.push([change]);
  }
  let shift = 0;
  let text = `--- a/${name}\n+++ b/${name}\n`;
  for (const hunk of hunks) {
    text += formatHunk(lines, hunk, shift);
    for (const { from, to, lines: after } of hunk) shift += after.length - (to - from);
  }
  return text;
}
