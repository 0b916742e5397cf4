import fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { Rewriter } from "../../rewrite/rewrite";
import { mapper } from "../support/rewritten";

/*
 * Files that are broken in every way: the fixtures of all formats, with characters and lines added, removed and repeated. Whatever
 * becomes of a file, only stretches with a name may change, and what comes out stays as it is.
 */

const rewriter = new Rewriter({ mapper });
const folder = path.join(__dirname, "fixtures", "in");
const files = fs
  .readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));

function readFile(file: string): string | undefined {
  try {
    return fs.readFileSync(path.join(folder, file), "utf8");
  } catch {
    return undefined;
  }
}

const INSERTED = [
  "\r",
  "\r\n",
  "\n",
  "\t",
  " ",
  "  ",
  "é",
  "😀",
  "\u2028",
  "\ufeff",
  "'",
  '"',
  "\\",
  "#",
  "{",
  "}",
  "[",
  "]",
  ":",
  ": ",
  ",",
  "- ",
  "|\n",
  "&a ",
  "*a",
  "!x ",
  "$",
  "${X}",
  "{{ x }}",
  "nginx",
];

/** A change of a text: what is inserted or removed where, the place as a share of its length. */
const mutation = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.oneof(fc.constantFrom(...INSERTED), fc.integer({ min: 1, max: 12 })),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(text: string, mutations: readonly Mutation[], newline: string): string {
  let mutated = newline === "\n" ? text : text.replaceAll("\n", newline);
  for (const [place, change] of mutations) {
    const at = Math.floor(place * mutated.length);
    mutated =
      typeof change === "string"
        ? mutated.slice(0, at) + change + mutated.slice(at)
        : mutated.slice(0, at) + mutated.slice(at + change);
  }
  return mutated;
}

function rewrite(file: string, text: string) {
  const beside = (other: string) => readFile(path.join(path.dirname(file), other));
  return rewriter.rewrite(text, { path: file, readFile: beside }, true);
}

/** What an edit may remove: a name, or what is before its tag, without space, line ends and quotes. */
const NAME = /^[\w./:@${}()<>*?+=-]*$/;

test.each(files)("%s, broken in any way, changes in names only, and once", (file) => {
  const original = readFile(file) ?? "";
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      (mutations, newline) => {
        const text = mutate(original, mutations, newline);
        const first = rewrite(file, text);
        if (first.problem) return;
        for (const { start, end } of first.edits) {
          const removed = text.slice(start, end);
          // Escapes, and lines that are joined, are part of names that are written with them.
          if (!removed.includes("\\")) expect(removed).toMatch(NAME);
        }
        const second = rewrite(file, first.text);
        expect(second).toMatchObject({ edits: [], text: first.text });
      },
    ),
    { numRuns: 25, seed: 20_261_124 },
  );
});
