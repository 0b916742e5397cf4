import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../cli/shell/output";
import { type Environment, managedRules, tokenVariable } from "../ecr/environment";
import { stackName } from "../ecr/environment/stack-name";
import { environments } from "../environments";
import { engines } from "../package.json";
import { installNode, pathWith } from "./support/install-node";

/*
 * `npm run test:node`: the short form of the tests on every version of Node.js that package.json names, each installed by
 * the npm package `node` into node_modules/.cache. `-- --all` runs all unit tests, and deploys an environment to the sandbox.
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

/** Deploys an environment to the sandbox, plans it again, and destroys it: each stack with a command of its own. */
function deployment(environment: Environment): Check {
  const secrets = managedRules(environment);
  const cache = stackName(environment, "cache");
  const stacks = secrets.length > 0 ? [stackName(environment, "credentials"), cache] : [cache];
  const cdktf = (command: string) => `node_modules/.bin/cdktf ${command}`;
  const script = [
    "set -e",
    ...secrets.map(({ prefix }) => `export TF_VAR_${tokenVariable(prefix)}=token`),
    ...stacks.map((stack) => cdktf(`deploy ${stack} --auto-approve`)),
    ...stacks.map((stack) => `${cdktf(`diff ${stack}`)} | grep "No changes"`),
    ...stacks.reverse().map((stack) => cdktf(`destroy ${stack} --auto-approve`)),
    "echo destroyed",
  ].join("\n");
  return {
    title: "CDKTF DEPLOY, DIFF, DESTROY",
    args: ["launch.mjs", "sandbox/main.ts", "--account", environment.account, "sh", "-c", script],
    passes: ({ status, stdout }) => status === 0 && stdout.endsWith("destroyed\n"),
  };
}

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
    ? [...environments.slice(0, 1).map(deployment), jest("UNIT TESTS", "--selectProjects", "unit")]
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
