import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mirrorFormats } from "../../cli/mirrors/formats";
import { formatNames, unsupported } from "../../cli/mirrors/names";
import { project, readPage } from "../support/documentation";

/* What docs/mirrors.md says must be what `mirrors` prints. */

const plain = (text: string) => text.replaceAll("`", "").replaceAll(/\s+/g, " ").trim();

const page = readPage("docs/mirrors.md");

/** The sections of the page, by heading. */
const sections = new Map(
  page.text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section]),
);

/** The items of a section's list. */
const items = (section = "") =>
  [...section.matchAll(/^- (.*(?:\n {2}.*)*)$/gm)].map(([, item = ""]) => plain(item));

test("docs/mirrors.md has a section for each format, in the order of the help", () => {
  expect([...sections.keys()]).toEqual([...formatNames, "Programs without a format"]);
});

describe("docs/mirrors.md lists what a format can't, word for word:", () => {
  test.each(formatNames)(
    "docs/mirrors.md lists what the format %s can't, word for word",
    (name) => {
      expect(items(sections.get(name))).toEqual(mirrorFormats[name].limits.map(plain));
    },
  );
});

describe("docs/mirrors.md says what a format was tried with:", () => {
  test.each(formatNames)("docs/mirrors.md says what the format %s was tried with", (name) => {
    const [, how = ""] = /^Tested: (.*)$/m.exec(sections.get(name) ?? "") ?? [];
    const [, file] = /^the program \(`([^`]+)`\)/.exec(how) ?? [];
    if (file === undefined) expect(how).toMatch(/^its published schema and a table of cases/);
    else expect(readFileSync(join(project, file), "utf8")).toContain(`"${name}"`);
  });
});

test("docs/mirrors.md says why a program has no format, word for word", () => {
  expect(items(sections.get("Programs without a format"))).toEqual(
    Object.entries(unsupported).map(([name, reason]) => `${name}: ${reason}`),
  );
});
