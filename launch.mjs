#!/usr/bin/env node
/**
 * Runs one of the project's TypeScript programs: `node launch.mjs main.ts [ARGUMENT…]`.
 *
 * esbuild strips the types and joins the project's own modules in memory, in some 50 ms; packages are loaded as they
 * are. Nothing is type-checked here (that is `npm run build`), and nothing is written.
 */
import { build } from "esbuild";
import { createRequire, Module } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The project's folder; programs find packages and files from here, wherever they are started. */
export const projectDirectory = dirname(fileURLToPath(import.meta.url));

/**
 * Loads a program and returns what it exports. An error that a user can put right ends the process with its message
 * alone; every other one is thrown on, with a stack that names the TypeScript source.
 */
export async function launch(entry) {
  const { outputFiles } = await build({
    absWorkingDir: projectDirectory,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    packages: "external",
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "error",
    define: { PROJECT_DIRECTORY: JSON.stringify(projectDirectory) },
  });
  process.setSourceMapsEnabled(true);
  // The bundle is loaded as if it were a file of the project's folder, so that packages resolve from there.
  const filename = join(
    projectDirectory,
    `${entry.replace(/\.ts$/, "").replaceAll("/", "-")}.bundle.cjs`,
  );
  const module = new Module(filename);
  module.filename = filename;
  module.paths = createRequire(pathToFileURL(filename)).resolve.paths("x") ?? [];
  try {
    module._compile(outputFiles[0].text, filename);
  } catch (error) {
    if (error?.name !== "UserError") throw error;
    console.error(error.message);
    process.exit(1);
  }
  return module.exports;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , entry, ...rest] = process.argv;
  if (entry === undefined) {
    console.error("launch.mjs: found no program; allowed: node launch.mjs PROGRAM.ts [ARGUMENT…]");
    process.exit(2);
  }
  process.argv = [process.argv[0], entry, ...rest];
  await launch(entry);
}
