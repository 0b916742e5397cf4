import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../ecr/user-error";
import { ProjectCopy } from "../support/project-copy";
import { run } from "../support/run";
import type * as Samples from "../support/samples/environments";
import { inTemporaryDirectory } from "../support/temporary-directory";

const project = new ProjectCopy();
afterAll(() => project.remove());

let environmentsAreBroken: Error | undefined;
jest.mock("../../environments", () => ({
  get environments() {
    if (environmentsAreBroken) throw environmentsAreBroken;
    return jest.requireActual<typeof Samples>("../support/samples/environments").environments;
  },
}));

beforeEach(() => {
  environmentsAreBroken = undefined;
});

describe("`ecr-cache --help`", () => {
  test("`ecr-cache --help` prints to stdout and exits with 0", async () => {
    const { stdout, stderr, exitCode } = await run("--help");
    expect(stdout).toMatch(/^Usage: ecr-cache \[options\] \[command\]\n/);
    expect(stdout).toMatch(/\n {2}map \[options\] <image\.\.\.>/);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });
});

test.each([
  ...[
    "map",
    "rewrite",
    "mirrors",
    "allow",
    "images",
    "findings",
    "refresh",
    "warm",
    "cost",
    "lifecycle",
    "prune",
    "purge",
  ],
  ...["rules", "verify", "credentials status", "credentials put", "review", "recover"],
])("the help of `%s` has the shape of its JSON, the exit codes and examples", async (command) => {
  const { stdout } = await run(...command.split(" "), "--help");
  const [, shape, examples] =
    /\n--json prints \(a field without a type is a string\):\n([^]+)\n\nExit codes:\n {2}0 {2}[^]+\n {2}2 {2}[^]+?\n\nExamples:\n([^]+)$/.exec(
      stdout,
    ) ?? [];
  expect(shape).toMatch(/^ {2}\[?\{ ?[^]+\}\]?$/);
  expect(examples).toMatch(new RegExp(`^ {2}\\$ .*ecr-cache ${command} `));
});

test("the help of every command fits in a terminal of 80 columns", async () => {
  const columns = process.stdout.columns;
  process.stdout.columns = 80;
  const { stdout } = await run("--help");
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => [name!]);
  expect(commands.length).toBeGreaterThan(10);
  for (const command of [[], ...commands, ["credentials", "put"], ["credentials", "status"]]) {
    const { stdout: help } = await run(...command, "--help");
    expect([command, help.split("\n").filter((line) => line.length > 80)]).toEqual([command, []]);
  }
  process.stdout.columns = columns;
});

describe("ECR_CACHE_ENV", () => {
  afterEach(() => {
    delete process.env.ECR_CACHE_ENV;
  });

  test("ECR_CACHE_ENV names the environment where --env does not", async () => {
    process.env.ECR_CACHE_ENV = "staging";
    expect((await run("map", "quay.io/a/b")).stdout).toMatch(/^222222222222\./);
    expect((await run("map", "quay.io/a/b", "--env", "dev")).stdout).toMatch(/^111111111111\./);
  });

  test("an unknown environment in ECR_CACHE_ENV is reported by that name", async () => {
    process.env.ECR_CACHE_ENV = "qa";
    expect(await run("map", "nginx")).toEqual({
      stdout: "",
      stderr: 'ecr-cache: ECR_CACHE_ENV: found "qa"; allowed: dev, staging, prod\n',
      exitCode: 2,
    });
  });
});

test.each([
  [[], /^ecr-cache: a command is required: map.* \(ecr-cache --help\)\n$/],
  [["mpa"], "ecr-cache: unknown command 'mpa' (Did you mean map?)\n"],
  [["map", "--env", "dev"], "ecr-cache: missing required argument 'image'\n"],
  [["map", "nginx"], "ecr-cache: required option '--env <env>' not specified\n"],
  [
    ["map", "nginx", "--env", "dev", "--jsno"],
    "ecr-cache: unknown option '--jsno' (Did you mean --json?)\n",
  ],
  [["map", "nginx", "--env", "qa"], 'ecr-cache: --env: found "qa"; allowed: dev, staging, prod\n'],
  [
    ["map", "nginx", "--env", "prod", "--region", "eu-west-3"],
    'ecr-cache: --region: found "eu-west-3"; allowed: us-east-1, eu-west-1 (the regions of environment prod)\n',
  ],
])("`ecr-cache` reports wrong use in one line, with exit code 2: %j", async (argv, message) => {
  const { stdout, stderr, exitCode } = await run(...argv);
  if (typeof message === "string") expect(stderr).toBe(message);
  else expect(stderr).toMatch(message);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});

test("a problem in an environment file is reported without a stack", async () => {
  environmentsAreBroken = new UserError("environment dev: one\nenvironment dev: two");
  expect(await run("map", "nginx", "--env", "dev")).toEqual({
    stdout: "",
    stderr: "ecr-cache: environment dev: one\necr-cache: environment dev: two\n",
    exitCode: 2,
  });
});

test("a defect is reported with its stack", async () => {
  environmentsAreBroken = new TypeError("x is not a function");
  const { stderr, exitCode } = await run("map", "nginx", "--env", "dev");
  expect(stderr).toMatch(/^TypeError: x is not a function\n +at /);
  expect(exitCode).toBe(2);
});

describe("the `ecr-cache` program", () => {
  test("the `ecr-cache` program runs from any folder", () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(project.directory, "cli/ecr-cache.mjs"), "map", "quay.io/a/b", "--env", "dev"],
      { cwd: "/", encoding: "utf8" },
    );
    expect({ stdout, stderr, status }).toEqual({
      stdout: "111111111111.dkr.ecr.us-east-1.amazonaws.com/quay/a/b\n",
      stderr: "",
      status: 0,
    });
  });

  test("the `ecr-cache` program reads files of every syntax from its bundle", () => {
    const image = "quay.io/a/b:1";
    const files = {
      Dockerfile: `FROM ${image}\n`,
      "compose.yaml": `services: { web: { image: "${image}" } }\n`,
      "task.json": JSON.stringify({ containerDefinitions: [{ image }] }),
      "main.tf": `resource "docker_image" "web" {\n  name = "${image}"\n}\n`,
    };
    const { stderr, references } = inTemporaryDirectory((cwd) => {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
      const { stdout, stderr: problems } = spawnSync(
        process.execPath,
        [join(project.directory, "cli/ecr-cache.mjs"), "rewrite", ".", "--env", "dev", "--json"],
        { cwd, encoding: "utf8" },
      );
      return { stderr: problems, references: JSON.parse(stdout) as { file: string }[] };
    });
    expect(references.map(({ file }) => file).sort()).toEqual(Object.keys(files).sort());
    expect(stderr).toMatch(/4 to rewrite/);
  });

  test("the `ecr-cache` program reports a defect at its place in the TypeScript source", () => {
    const script = `
      const { launch } = await import("./launch.mjs");
      const { main } = await launch("cli/main.ts");
      const stdout = { write() { throw new TypeError("x is not a function"); } };
      await main(["map", "quay.io/a", "--env", "dev"], { stdout, stderr: process.stderr, exitCode: 0 });`;
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: project.directory,
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^TypeError: x is not a function\n/m);
    expect(stderr).toMatch(/cli\/map\/command\.ts:\d+:\d+/);
  });

  test("the `ecr-cache` program can load every part of its bundle", () => {
    const script = `
      const { launch } = await import("./launch.mjs");
      const { findBuild } = await import("./launch/build-cache.cjs");
      const { readdirSync } = await import("node:fs");
      await launch("cli/main.ts");
      const directory = findBuild("cli-main");
      const parts = readdirSync(directory).filter((name) => name.endsWith(".mjs"));
      for (const part of parts) await import(directory + "/" + part);
      console.log(parts.length > 10);`;
    const { CI: _, ...variables } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: project.directory,
      env: variables,
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: "true\n", stderr: "" });
  });

  test.each([[["--help"]], [["images", "--help"]], [["review", "--help"]]])(
    "the `ecr-cache` program loads only commander for %j",
    (argv) => {
      const { CI: _, ...variables } = process.env;
      const help = (more: NodeJS.ProcessEnv = {}) =>
        spawnSync(process.execPath, ["cli/ecr-cache.mjs", ...argv], {
          cwd: project.directory,
          env: { ...variables, ...more },
          encoding: "utf8",
        });
      // Builds the program, where that has not been done.
      help();
      inTemporaryDirectory((directory) => {
        expect(help({ NODE_V8_COVERAGE: directory }).stderr).toBe("");
        const [coverage] = readdirSync(directory);
        const { result } = JSON.parse(readFileSync(join(directory, coverage!), "utf8")) as {
          result: { url: string }[];
        };
        const loaded = result
          .filter(({ url }) => url.startsWith("file:"))
          .flatMap(({ url }) => [fileURLToPath(url), ...sourcesOf(`${fileURLToPath(url)}.map`)]);
        expect(loaded).toContain("cli/main.ts");
        const packages = loaded
          .map((file) => /node_modules\/((@[^/]+\/)?[^/.][^/]*)\//.exec(file)?.[1])
          .filter((name) => name !== undefined);
        expect(new Set(packages)).toEqual(new Set(["commander"]));
      });
    },
  );
});

/** What a file of a bundle was built from. */
const sourcesOf = (map: string): string[] =>
  existsSync(map) ? (JSON.parse(readFileSync(map, "utf8")) as { sources: string[] }).sources : [];
