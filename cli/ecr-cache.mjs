#!/usr/bin/env node
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// `ecr-cache … | head`: the reader has enough.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

/** The sources of the project, or in the npm package what was built from them. */
async function load() {
  if (!existsSync(join(import.meta.dirname, "../launch.mjs"))) {
    return createRequire(import.meta.url)("../dist/cli.cjs");
  }
  const { launch } = await import("../launch.mjs");
  return launch("cli/main.ts");
}

const { main } = await load();
// Not process.exit(): what is still being written to a pipe would be lost.
process.exitCode = await main(process.argv.slice(2));
