import fs from "node:fs";
import path from "node:path";
import { Rewriter, type Rewritten } from "../../rewrite/rewrite";
import { mapper } from "../support/rewritten";

/*
 * Files in the shapes that people write, in fixtures/in; what is to become of them in fixtures/out; and everything in
 * them that is to be left alone, with the reason, in fixtures/left-alone.txt.
 */

const fixtures = path.join(__dirname, "fixtures");
const files = fs
  .readdirSync(path.join(fixtures, "in"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(path.join(fixtures, "in"), path.join(entry.parentPath, entry.name)))
  .sort();

const rewriter = new Rewriter({ mapper });

function readFile(folder: string, file: string): string | undefined {
  try {
    return fs.readFileSync(path.join(fixtures, folder, file), "utf8");
  } catch {
    return undefined;
  }
}

function rewrite(folder: string, file: string, text = readFile(folder, file) ?? ""): Rewritten {
  const beside = (other: string) => readFile(folder, path.join(path.dirname(file), other));
  return rewriter.rewrite(text, { path: file, readFile: beside }, true);
}

function done(result: Rewritten) {
  if (result.problem) throw new Error(result.problem.reason);
  return result;
}

test("there is a file out for every file in", () => {
  expect(files.length).toBeGreaterThan(25);
  expect(files.filter((file) => readFile("out", file) === undefined)).toEqual([]);
});

describe.each(files)("%s", (file) => {
  test("becomes what it should", () => {
    expect(done(rewrite("in", file)).text).toBe(readFile("out", file));
  });

  test("becomes the same with other line ends and a byte order mark", () => {
    const variant = (text = "") => `\ufeff${text.replaceAll("\n", "\r\n")}`;
    expect(done(rewrite("in", file, variant(readFile("in", file)))).text).toBe(
      variant(readFile("out", file)),
    );
  });

  test("is left as it is the second time", () => {
    const result = done(rewrite("out", file));
    expect(result.text).toBe(readFile("out", file));
    expect(result.references.filter(({ cacheUri }) => cacheUri !== null)).toEqual([]);
  });

  test("changes nowhere but where a name is", () => {
    const text = readFile("in", file) ?? "";
    const { references, text: after } = done(rewrite("in", file));
    const edits = references.flatMap((reference) => reference.edits);
    let rest = after;
    let at = 0;
    for (const { start, end, text: replaced } of [...edits].sort((a, b) => a.start - b.start)) {
      const kept = text.slice(at, start);
      expect(rest.startsWith(kept + replaced)).toBe(true);
      rest = rest.slice(kept.length + replaced.length);
      at = end;
    }
    expect(rest).toBe(text.slice(at));
  });
});

test("what is left alone is left alone for its reason", () => {
  const lines = files.flatMap((file) =>
    done(rewrite("in", file))
      .references.filter(({ cacheUri }) => cacheUri === null)
      .map(({ line, column, image, reason }) => `${file}:${line}:${column} ${image}: ${reason}`),
  );
  expect(lines).toEqual(readFile(".", "left-alone.txt")?.trimEnd().split("\n"));
});
