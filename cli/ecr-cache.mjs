#!/usr/bin/env node
import { launch } from "../launch.mjs";

// `ecr-cache … | head`: whoever reads has enough.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

const { main } = await launch("cli/main.ts");
// Not process.exit(): what is still being written to a pipe would be lost.
process.exitCode = await main(process.argv.slice(2));
