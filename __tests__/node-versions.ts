import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../cli/shell/output";
import { environments } from "../environments";
import { engines } from "../package.json";
import { installNode, pathWith } from "./support/install-node";

/*
 * `npm run test:node`: the short form of the tests on every version of Node.js that package.json names, each installed by
 * the npm package `node` into node_modules/.cache. `-- --all` runs all unit tests, and deploys to the sandbox.
 */

const { values: options } = parseArgs({ options: { all: { type: "boolean", default: false } } });

/** The unit tests of what depends on the version: programs, files, streams, and what cdktf does. */
const SHORT_FORM =
  "__tests__/(launch|synth|cli/main|cli/rewrite|stacks|constructs|reconcile/lambda)";

const versions = [...engines.node.matchAll(/(\d+)(\.\d+)?/g)].map(([, major]) => major!);

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Check {
  readonly title: string;
  /** What Node.js runs. */
  readonly args: readonly string[];
  readonly passes: (run: Run) => boolean;
}

const jest = (title: string, ...args: string[]): Check => ({
  title,
  args: ["node_modules/jest/bin/jest.js", ...args],
  passes: ({ status }) => status === 0,
});

const checks: readonly Check[] = [
  {
    title: "SYNTH",
    args: ["launch.mjs", "synth.ts"],
    passes: ({ status, stderr }) => status === 0 && stderr === "",
  },
  {
    title: "CDKTF LIST",
    args: ["node_modules/.bin/cdktf", "list"],
    passes: ({ status, stdout }) =>
      status === 0 && environments.every(({ name }) => stdout.includes(`\n${name} `)),
  },
  ...(options.all
    ? [
        jest("UNIT TESTS", "--selectProjects", "unit"),
        jest(
          "CDKTF DEPLOY, DIFF, DESTROY",
          "--selectProjects",
          "e2e",
          "--testPathPatterns",
          "e2e/deploy",
        ),
      ]
    : [jest("UNIT TESTS", "--selectProjects", "unit", "--testPathPatterns", SHORT_FORM)]),
];

function run(programs: string, args: readonly string[], outdir: string): Run {
  return spawnSync(join(programs, "node"), args, {
    encoding: "utf8",
    env: {
      ...process.env,
      // cdktf starts `node`.
      PATH: pathWith(programs),
      CDKTF_OUTDIR: outdir,
      CHECKPOINT_DISABLE: "1",
    },
    maxBuffer: Infinity,
  });
}

/** Runs the checks on a version, and returns its row of the table. */
function test(version: string): readonly string[] {
  const programs = installNode(version);
  const outdir = mkdtempSync(join(tmpdir(), "ecr-cache-node-"));
  try {
    const results = checks.map(({ title, args, passes }) => {
      const result = run(programs, args, outdir);
      if (passes(result)) return "passed";
      process.exitCode = 1;
      console.error(`Node.js ${version}: ${title}: ${result.stdout}${result.stderr}`);
      return "FAILED";
    });
    return [run(programs, ["--version"], outdir).stdout.trim(), ...results];
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

process.stdout.write(
  formatTable(
    ["NODE.JS", ...checks.map(({ title }) => title)].map((title, column) => ({
      title,
      value: (row: readonly string[]) => row[column]!,
    })),
    versions.map(test),
  ),
);
