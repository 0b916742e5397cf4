import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { MINIMUM_TERRAFORM_VERSION } from "../../ecr/environment/terraform-version";
import { scripts } from "../../package.json";
import { anchors, codeBlocks, inlineCode, links, pages, project } from "../support/documentation";
import { run } from "../support/run";

const all = pages();
const pageAt = (path: string) => all.find((page) => page.path === path);

/** Every piece of code in the documentation that may hold a command, with the page that it is on. */
const code = all.flatMap((page) =>
  [
    ...codeBlocks(page)
      .filter(({ language }) => language !== "ts")
      .map((block) => block.code),
    ...inlineCode(page),
  ].map((text) => ({
    page: page.path,
    text,
  })),
);

/** What follows a pattern in the code of the pages, one entry for each time. */
function occurrences(pattern: RegExp): { page: string; match: RegExpExecArray }[] {
  return code.flatMap(({ page, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ page, match })),
  );
}

describe("every link of the documentation leads to a file and heading that exist:", () => {
  test.each(all.map((page) => [page.path, page] as const))(
    "every link of %s leads to a file and heading that exist",
    (path, page) => {
      const broken = links(page)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [file = "", anchor] = target.split("#");
          const found = file === "" ? path : normalize(join(dirname(path), file));
          if (!existsSync(join(project, found))) return true;
          const linked = pageAt(found);
          return anchor !== undefined && !(linked && anchors(linked).includes(anchor));
        });
      expect(broken).toEqual([]);
    },
  );

  test("the documentation has links", () => {
    expect(all.flatMap(links).length).toBeGreaterThan(50);
  });
});

describe("every `ecr-cache` command in the documentation", () => {
  const commands = occurrences(/\becr-cache(?:\.mjs)? ([a-z]+)\b([^#>|`\n]*)/g).map(
    ({ page, match }) => ({
      page,
      text: match[0].trim(),
      command: match[1]!,
      words: match[2]!.trim().split(/\s+/),
    }),
  );

  test("every `ecr-cache` command in the documentation exists, with its options", async () => {
    const { stdout: help } = await run("--help");
    const known = [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name);
    const wrong: string[] = [];
    for (const { page, text, command, words } of commands) {
      if (!known.includes(command)) {
        wrong.push(`${page}: ${text}: no such command`);
        continue;
      }
      const subcommand = command === "credentials" ? words.slice(0, 1) : [];
      const { stdout: options } = await run(command, ...subcommand, "--help");
      for (const option of words.filter((word) => word.startsWith("--"))) {
        if (!new RegExp(`^ +(-\\w, )?${option}\\b`, "m").test(options)) {
          wrong.push(`${page}: ${text}: no option ${option}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(commands.length).toBeGreaterThan(20);
  });

  test("no `ecr-cache` command in the documentation is downloaded from npm, where the name is anybody's", () => {
    expect(occurrences(/npx (?!--no )(?:[^|\n]* )?ecr-cache\b/g).map(({ page }) => page)).toEqual(
      [],
    );
  });
});

test("README.md has a question for every `ecr-cache` command", async () => {
  const { stdout } = await run("--help");
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b.*/gm)].map(([, name]) => name!);
  const answers = [...pageAt("README.md")!.text.matchAll(/^\| [^|]+\? +\| `([a-z]+)/gm)];
  expect(answers.map(([, name]) => name).sort()).toEqual(
    commands.filter((name) => name !== "help").sort(),
  );
});

test("every npm script in the documentation exists", () => {
  const named = occurrences(/\bnpm run ([a-z][\w:-]*)/g).map(({ match }) => match[1]!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

test("every `cdktf` command in the documentation is one that this project tests", () => {
  const tested = ["deploy", "destroy", "diff", "list", "output", "synth"];
  const named = occurrences(/\bcdktf ([a-z]+)\b/g).map(({ match }) => match[1]!);
  expect(named.filter((name) => !tested.includes(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

test("the documentation names the oldest Terraform that the stacks accept, wherever it names a minimum", () => {
  const named = all.flatMap(({ text }) => [
    ...text.matchAll(
      /Terraform\]?(?:\([^)]*\))? (\d+\.\d+) or newer|any Terraform from (\d+\.\d+)/g,
    ),
  ]);
  expect(named.length).toBeGreaterThan(3);
  expect(new Set(named.map(([, newer, from]) => `${newer ?? from}.0`))).toEqual(
    new Set([MINIMUM_TERRAFORM_VERSION]),
  );
});
