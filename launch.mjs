#!/usr/bin/env node
/**
 * Runs one of the project's TypeScript programs: `node launch.mjs main.ts [ARGUMENT…]`.
 *
 * esbuild strips the types and joins the project's own modules in memory, in some 50 ms; packages are loaded as they
 * are. Nothing is type-checked here (that is `npm run build`), and nothing is written.
 */
import { build } from "esbuild";
import { realpathSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The project's folder; programs find packages and files from here, wherever they are started. */
export const projectDirectory = dirname(fileURLToPath(import.meta.url));

/** The exit code for wrong use, such as an environment that ECR would refuse. */
const WRONG_USE = 2;

async function bundle(entry) {
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
    // Off while packages load, of which Node would decode every source map: cdktf's take as long as all else.
    banner: { js: "process.setSourceMapsEnabled(false);" },
    footer: { js: "process.setSourceMapsEnabled(true);" },
    define: { PROJECT_DIRECTORY: JSON.stringify(projectDirectory) },
  });
  return outputFiles[0].text;
}

/**
 * Loads a program and returns what it exports. An error that a user can put right, in the TypeScript or in what it
 * says, ends the process with its message alone; every other one is thrown on, with a stack that names the TypeScript
 * source.
 */
export async function launch(entry) {
  const code = await bundle(entry).catch((error) => {
    // esbuild has printed what it found, with file and line.
    if (Array.isArray(error?.errors)) process.exit(WRONG_USE);
    throw error;
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
    module._compile(code, filename);
  } catch (error) {
    process.setSourceMapsEnabled(true);
    if (error?.name !== "UserError") throw error;
    console.error(error.message);
    process.exit(WRONG_USE);
  }
  return module.exports;
}

// Node names this module by its real path, whatever symbolic links it was started through.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , entry, ...rest] = process.argv;
  if (entry === undefined) {
    console.error("launch.mjs: found no program; allowed: node launch.mjs PROGRAM.ts [ARGUMENT…]");
    process.exit(WRONG_USE);
  }
  process.argv = [process.argv[0], entry, ...rest];
  await launch(entry);
}
