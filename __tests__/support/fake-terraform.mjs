#!/usr/bin/env node
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";

/*
 * Terraform's program as far as a deployment calls it, for what no real one can be made to do at a given moment. In the
 * folder that FAKE_TERRAFORM names are the plans to print, `STACK.json`; the calls are added to `calls.jsonl`. With a file
 * `apply-waits` there, an apply goes on until it is interrupted.
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

switch (command) {
  case "plan": {
    record();
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
}
