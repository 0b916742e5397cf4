#!/usr/bin/env node
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";

/*
 * Terraform's program as far as a deployment calls it, for what no real one can be made to do at a given moment. In the
 * folder that FAKE_TERRAFORM names are the plans to print, `STACK.json`; the calls are added to `calls.jsonl`. With a file
 * `apply-waits` there, an apply goes on until it is interrupted; with `plan-errors`, each plan fails with what it holds.
 */

const folder = process.env.FAKE_TERRAFORM;
const stack = basename(process.cwd());
const [command, ...args] = process.argv.slice(2);

/** How long a second interruption is waited for, in milliseconds. */
const SECOND = 300;

const record = (more) => {
  const tokens = Object.entries(process.env).filter(([name]) => name.startsWith("TF_VAR_"));
  const call = { command, stack, args, tokens: Object.fromEntries(tokens), ...more };
  appendFileSync(join(folder, "calls.jsonl"), `${JSON.stringify(call)}\n`);
};

const mode = (path) => (statSync(path).mode & 0o777).toString(8);

async function apply() {
  const path = args.at(-1);
  record({ plan: readFileSync(path, "utf8"), modes: [mode(dirname(path)), mode(path)] });
  if (!existsSync(join(folder, "apply-waits"))) return;
  let interruptions = 0;
  process.on("SIGINT", () => (interruptions += 1));
  console.log("Creating...");
  while (interruptions === 0) await wait(10);
  await wait(SECOND);
  record({ command: "state written", interruptions });
  process.exitCode = 1;
}

/** Answers a plan with imports as Terraform does: an error for each resource that `existing.json` does not list. */
function planImports() {
  const imported = JSON.parse(readFileSync("ecr-cache-recover.tf.json", "utf8")).import;
  const existing = JSON.parse(readFileSync(join(folder, "existing.json"), "utf8"));
  const absent = imported.filter(({ to }) => !existing.includes(to));
  for (const { to, id } of absent) {
    // Most errors are Terraform's own; for templates, the provider's importer fails.
    const isTemplate = to.startsWith("aws_ecr_repository_creation_template.");
    const summary = isTemplate
      ? `reading ECR Repository Creation Template (${id}): … does not exist in the registry`
      : "Cannot import non-existent remote object";
    const detail = isTemplate ? "" : `While attempting to import an existing object to "${to}", …`;
    const diagnostic = { severity: "error", summary, detail };
    console.log(JSON.stringify({ type: "diagnostic", diagnostic }));
  }
  process.exitCode = absent.length > 0 ? 1 : 0;
}

const isLocked = () => existsSync(join(folder, "locked"));

switch (command) {
  case "plan": {
    record();
    if (args.includes("-json")) {
      planImports();
      break;
    }
    if (isLocked() && !args.includes("-lock=false")) {
      console.error("│ Error: Error acquiring the state lock");
      process.stderr.write(readFileSync(join(folder, "locked")));
      console.error("│ Lock Info:\n│   ID:        lock-1");
      console.error("│   Who:       ci@runner\n│   Created:   2026-11-24 20:00:00 UTC");
      process.exitCode = 1;
      break;
    }
    if (existsSync(join(folder, "plan-errors"))) {
      process.stderr.write(readFileSync(join(folder, "plan-errors")));
      process.exitCode = 1;
      break;
    }
    const path = args.find((arg) => arg.startsWith("-out=")).slice("-out=".length);
    writeFileSync(path, `plan of ${stack}`);
    break;
  }
  case "show":
    process.stdout.write(readFileSync(join(folder, `${stack}.json`)));
    break;
  case "apply":
    await apply();
    break;
  case "force-unlock":
    rmSync(join(folder, "locked"));
    record();
    break;
  case "import":
  case "untaint":
    record();
    break;
}
