import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { inTemporaryDirectory } from "./support/temporary-directory";

/*
 * The rules of .dependency-cruiser.cjs, each with modules that break it. `npm run lint` applies them to the project.
 */

const project = join(__dirname, "..");
const config = join(project, ".dependency-cruiser.cjs");
const { forbidden } = createRequire(__filename)(config) as { forbidden: { name: string }[] };

/** For each rule, by the start of its name: modules, the first of which breaks it. */
const planted: readonly (readonly [rule: string, modules: Readonly<Record<string, string>>])[] = [
  ["launch imports from", { "launch/a.ts": 'import "../registry/b";' }],
  ["launch must not load", { "launch/b.ts": 'import "constructs";' }],
  ["ecr imports from", { "ecr/a.ts": 'import "../registry/b";' }],
  ["ecr must not load", { "ecr/b.ts": 'import type { App } from "cdktf";' }],
  [
    "ecr/environment/backend imports types only",
    {
      "ecr/environment/backend-a.ts": 'import { App } from "cdktf";',
      "ecr/environment/backend-b.ts": 'import type { App } from "cdktf";',
    },
  ],
  ["environments imports from", { "environments/a.ts": 'import "../registry/b";' }],
  ["environments must not load", { "environments/b.ts": 'import "@aws-sdk/client-ecr";' }],
  ["rewrite imports from", { "rewrite/a.ts": 'await import("../registry/b");' }],
  ["rewrite must not load", { "rewrite/b.ts": 'import "node:fs/promises";' }],
  ["registry imports from", { "registry/a.ts": 'import type { B } from "../reconcile/b";' }],
  ["registry must not load", { "registry/b.ts": 'import "constructs";' }],
  ["reconcile imports from", { "reconcile/a.ts": 'await import("../cli/shell/b");' }],
  ["reconcile must not load", { "reconcile/b.ts": 'await import("cdktf");' }],
  ["plan imports from", { "plan/a.ts": 'import "../reconcile/b";' }],
  ["plan must not load", { "plan/b.ts": 'import "commander";' }],
  ["hcl imports from", { "hcl/a.ts": 'import "../ecr/c";' }],
  ["hcl must not load", { "hcl/b.ts": 'import "cdktf";' }],
  ["constructs imports from", { "constructs/a.ts": 'import "../reconcile/b";' }],
  ["constructs must not load", { "constructs/b.ts": 'import "@aws-sdk/client-ecr";' }],
  ["stacks imports from", { "stacks/a.ts": 'import "../registry/b";' }],
  ["stacks must not load", { "stacks/b.ts": 'import "@aws-sdk/client-iam";' }],
  ["cli imports from", { "cli/a.ts": 'import "../launch";', "launch.ts": "" }],
  ["cli must not load", { "cli/b.ts": 'import "@cdktf/provider-aws/lib/provider";' }],
  ["host imports from", { "host/a.ts": 'import "../registry/b";' }],
  ["host must not load", { "host/b.ts": 'import "cdktf";' }],
  ["sandbox imports from", { "sandbox/a.ts": 'import "../registry/b";' }],
  ["sandbox must not load", { "sandbox/b.ts": 'import "cdktf";' }],
  ["app.ts imports from", { "app.ts": 'import "./registry/b";' }],
  ["main.ts imports from", { "main.ts": 'import "./stacks/a";' }],
  ["sandbox/demo-app.ts imports from", { "sandbox/demo-app.ts": 'import "../environments/a";' }],
  ["synth.ts imports from", { "synth.ts": 'import "./cli/warm/a";' }],
  ["a command knows no other command", { "cli/map/a.ts": 'await import("../warm/a");' }],
  ["the shell knows no command", { "cli/shell/a.ts": 'import type { A } from "../warm/a";' }],
  [
    "only tests of whatever environments",
    {
      "__tests__/a.ts": 'import { environments } from "../environments/index";',
      "environments/index.ts": "",
    },
  ],
  [
    "no cycles",
    {
      "ecr/c.ts": 'import type { D } from "./d"; export type C = D;',
      "ecr/d.ts": 'import type { C } from "./c"; export type D = C;',
    },
  ],
  ["the provider's barrel", { "constructs/c.ts": 'import { ecr } from "@cdktf/provider-aws";' }],
];

/** What the lint step finds in a folder of modules. */
function violationsOf(modules: Readonly<Record<string, string>>) {
  return inTemporaryDirectory((directory) => {
    symlinkSync(join(project, "node_modules"), join(directory, "node_modules"));
    symlinkSync(join(project, "tsconfig.json"), join(directory, "tsconfig.json"));
    for (const [path, text] of Object.entries(modules)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), `${text}\nexport {};\n`);
    }
    const depcruise = join(project, "node_modules/.bin/depcruise");
    const { stdout } = spawnSync(
      depcruise,
      ["--preserve-symlinks", "--config", config, "--output-type", "json", "."],
      {
        cwd: directory,
        encoding: "utf8",
      },
    );
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`);
  });
}

test("`npm run lint` finds a planted violation of every rule about imports, and nothing else", () => {
  const targets = ["cli/shell/b.ts", "cli/warm/a.ts", "reconcile/b.ts", "registry/b.ts"];
  const violations = violationsOf({
    ...Object.fromEntries(targets.map((target) => [target, ""])),
    ...Object.fromEntries(planted.flatMap(([, modules]) => Object.entries(modules))),
  });

  const expected = planted.map(([rule, modules]) => {
    const { name } = forbidden.find((candidate) => candidate.name.startsWith(rule))!;
    return `${Object.keys(modules)[0]}: ${name}`;
  });
  expect(violations.sort()).toEqual(expected.sort());
  expect(planted).toHaveLength(forbidden.length);
});
