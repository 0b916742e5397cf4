import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ProjectCopy } from "./support/project-copy";

/*
 * `node launch.mjs`, with a small program in a copy of the project.
 */

const CACHE = "node_modules/.cache/ecr-pull-through-cache";

const project = new ProjectCopy();

beforeEach(() => {
  for (const path of ["node_modules/.cache", "name", "name.ts", "temporary"]) project.remove(path);
  project.write("hello.ts", 'import { name } from "./name";\nconsole.log(`hello ${name()}`);\n');
  project.write("name/index.ts", 'export const name = (): string => "world";\n');
});

afterAll(() => project.remove());

const run = (variables: Readonly<Record<string, string>> = {}) =>
  project.launch(["hello.ts"], variables);

const says = (line: string) => ({ status: 0, stdout: `${line}\n`, stderr: "" });

const builds = () =>
  readdirSync(join(project.directory, CACHE), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** What a test does to a file of the only build. */
function change(file: string, edit: (content: string) => string) {
  const [build] = builds();
  const path = `${CACHE}/${build}/${file}`;
  project.write(path, edit(project.read(path)));
}

describe("`node launch.mjs` builds a program", () => {
  test("once for the same sources", () => {
    expect(run()).toEqual(says("hello world"));
    const first = builds();
    expect(first).toHaveLength(1);
    expect(run()).toEqual(says("hello world"));
    expect(builds()).toEqual(first);
  });

  test("again when a module of it has changed", () => {
    run();
    project.write("name/index.ts", 'export const name = (): string => "moon";\n');
    expect(run()).toEqual(says("hello moon"));
  });

  test("again when a new module takes the place of an index.ts", () => {
    run();
    project.write("name.ts", 'export const name = (): string => "moon";\n');
    expect(run()).toEqual(says("hello moon"));
  });

  test("again when the lock file has changed", () => {
    run();
    const [first] = builds();
    project.write("package-lock.json", `${project.read("package-lock.json")}\n`);
    expect(run()).toEqual(says("hello world"));
    expect(builds()).toEqual(expect.arrayContaining([first]));
    expect(builds()).toHaveLength(2);
  });

  test("again when what was built has been changed", () => {
    run();
    change("program.mjs", (code) => code.replaceAll("hello", "goodbye"));
    expect(run()).toEqual(says("hello world"));
  });

  test("again when what was built is not whole", () => {
    run();
    change("program.mjs", (code) => code.slice(0, code.length / 2));
    expect(run()).toEqual(says("hello world"));
  });

  test("again when the record of what was built can't be read", () => {
    run();
    project.write(`${CACHE}/hello.json`, "{");
    expect(run()).toEqual(says("hello world"));
    expect(JSON.parse(project.read(`${CACHE}/hello.json`))).toMatchObject({
      project: project.directory,
    });
  });

  test("for itself alone in CI, whatever has been kept", () => {
    run();
    change("program.mjs", (code) => code.replaceAll("hello", "goodbye"));
    project.write("temporary/.keep", "");
    const variables = { CI: "true", TMPDIR: join(project.directory, "temporary") };
    expect(run(variables)).toEqual(says("hello world"));
    expect(builds()).toHaveLength(1);
    expect(readdirSync(variables.TMPDIR)).toEqual([".keep"]);
  });

  test("for itself alone where node_modules can't be written to", () => {
    // In place of a folder: permissions don't stop root, whom containers run tests as.
    project.write("node_modules/.cache", "");
    project.write("temporary/.keep", "");
    const variables = { TMPDIR: join(project.directory, "temporary") };
    expect(run(variables)).toEqual(says("hello world"));
    expect(readdirSync(variables.TMPDIR)).toEqual([".keep"]);
  });

  test("without harm from others that build it at the same time", async () => {
    const runs = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ["launch.mjs", "hello.ts"], {
        cwd: project.directory,
        env: { PATH: process.env.PATH },
      });
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close") as Promise<[number]>,
      ]);
      return { status, stdout, stderr };
    });
    expect(await Promise.all(runs)).toEqual(Array(4).fill(says("hello world")));
    expect(run()).toEqual(says("hello world"));
  });

  test("and removes builds a day after they were replaced", () => {
    mkdirSync(join(project.directory, CACHE, "hello-old"), { recursive: true });
    mkdirSync(join(project.directory, CACHE, "hello-new"));
    const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
    utimesSync(join(project.directory, CACHE, "hello-old"), twoDaysAgo, twoDaysAgo);
    run();
    expect(builds()).toHaveLength(2);
    expect(builds()).toContain("hello-new");
  });
});

test("a module knows its own path in a build", () => {
  project.write("name/index.ts", "export const name = (): string => __filename + __dirname;\n");
  const directory = join(project.directory, "name");
  expect(run()).toEqual(says(`hello ${directory}/index.ts${directory}`));
  project.write("name/index.ts", "export const name = (): string => import.meta.url;\n");
  expect(run()).toEqual(says(`hello file://${directory}/index.ts`));
});

test("launch.mjs without a program prints its usage", () => {
  expect(project.launch([])).toEqual({
    status: 2,
    stdout: "",
    stderr: "launch.mjs: found no program; allowed: node launch.mjs PROGRAM.ts [ARGUMENT…]\n",
  });
});
