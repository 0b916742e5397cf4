import { knownFormats } from "../../rewrite/rewrite";
import { readPage } from "../support/documentation";

/* The table of formats in docs/images.md is that of the code. */

test("docs/images.md describes every format that `rewrite` reads, and no other", () => {
  const table = readPage("docs/images.md").text.split(/^\| Format +\| Files/m)[1] ?? "";
  const rows = /^[^]*?(?=\n\n)/.exec(table.replace(/^.*\n.*\n/, ""))?.[0] ?? "";
  const described = rows.split("\n").map((row) => /^\| `([\w-]+)`/.exec(row)?.[1] ?? row);
  expect(described.toSorted()).toEqual([...knownFormats].sort());
});
