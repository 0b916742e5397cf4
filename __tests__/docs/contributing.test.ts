import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { inlineCode, pages, project, readPage } from "../support/documentation";

/** What of dependency-cruiser's configuration the table of layers restates. */
interface Configuration {
  readonly forbidden: readonly { readonly name: string }[];
}

// eslint-disable-next-line @typescript-eslint/no-require-imports -- a CommonJS file without types
const { forbidden } = require("../../.dependency-cruiser.cjs") as Configuration;

const page = readPage("CONTRIBUTING.md");

test("CONTRIBUTING.md shows the layers that the linter enforces", () => {
  const enforced = new Map(
    forbidden
      .map(({ name }) => /^([a-z]+) imports from itself(?:, (.*))? only$/.exec(name))
      .filter((match) => match !== null)
      .map(([, folder = "", knows = ""]) => [folder, knows.split(", ").filter(Boolean).sort()]),
  );
  const shown = new Map(
    [...page.text.matchAll(/^\| `([a-z]+)\/` +\|[^|]*\|([^|]*)\|$/gm)].map(
      ([, folder = "", knows = ""]) => [
        folder,
        [...knows.matchAll(/`([^`]+)\/`/g)].map(([, name]) => name!).sort(),
      ],
    ),
  );
  expect(shown).toEqual(enforced);
  expect(shown.size).toBeGreaterThan(8);
});

describe("every path of this project that a page names exists:", () => {
  const folders = readdirSync(project, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["node_modules", "cdktf.out"].includes(entry.name))
    .map(({ name }) => name);

  /** Whether text is a path of this project: below one of its folders, or a file at its top. */
  const isPath = (text: string) =>
    /^[\w./{},-]+$/.test(text) &&
    (folders.some((folder) => text.startsWith(`${folder}/`)) ||
      /^[\w-]+\.(?:ts|mjs|cjs|js|md|json)$/.test(text));

  /** Each path of `a/{b,c}.ts`. */
  const expand = (text: string): string[] => {
    const [, before = "", list, after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(text) ?? [];
    return list === undefined ? [text] : list.split(",").map((one) => `${before}${one}${after}`);
  };

  const exists = (name: string) => {
    const found = join(project, name);
    return existsSync(found) && (!name.endsWith("/") || statSync(found).isDirectory());
  };

  /** Files of the code base that is rewritten, and those that a reader creates. */
  const others = new Set([
    "devcontainer.json",
    "imagedefinitions.json",
    "stacks/web-service.ts",
    ".github/CODEOWNERS",
    ...["synthesize", "review", "deploy"].map((name) => `.github/workflows/${name}.yml`),
  ]);

  // A changelog names what there was.
  const named = pages()
    .filter(({ path }) => path !== "CHANGELOG.md")
    .map(({ path }) => [path, inlineCode(readPage(path)).filter(isPath).flatMap(expand)] as const);

  test.each(named)("%s", (path, names) => {
    const missing = names
      .filter((name) => !name.includes("NAME") && !others.has(name))
      .filter((name) => !exists(name) && !exists(join(dirname(path), name)));
    expect(missing).toEqual([]);
  });

  test("and there are some", () => {
    expect(named.flatMap(([, names]) => names).length).toBeGreaterThan(60);
  });
});
