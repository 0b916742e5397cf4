#!/usr/bin/env node
/**
 * Runs one of the project's TypeScript programs: `node launch.mjs main.ts [ARGUMENT…]`.
 *
 * esbuild strips the types and joins the program with its packages, once for given sources and packages; the result is
 * kept in node_modules/.cache. Nothing is type-checked here; that is `npm run build`.
 */
import { realpathSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import util from "node:util";
import { findBuild, keepBuild } from "./launch/build-cache.cjs";
import { projectDirectory } from "./launch/project-directory.cjs";
import { nameSourcesInStacks } from "./launch/source-stacks.cjs";

/** The exit code for wrong use, such as an environment that ECR would refuse. */
const WRONG_USE = 2;

async function build(name, entry) {
  const { bundle } = await import("./launch/bundle.mjs");
  const built = await bundle(entry).catch((error) => {
    // esbuild has printed what it found, with file and line.
    if (Array.isArray(error?.errors)) process.exit(WRONG_USE);
    throw error;
  });
  return keepBuild(name, "launch/bundle.mjs", built);
}

/** @returns The directory of a program's bundle. */
async function findOrBuild(entry) {
  const name = entry.replace(/\.ts$/, "").replaceAll("/", "-");
  const found = findBuild(name);
  // Since Node.js 22: what V8 has compiled is kept beside what it was compiled from.
  if (found) module.enableCompileCache?.(join(found, "compiled"));
  return found ?? build(name, entry);
}

/**
 * Loads a program and returns what it exports. An error that a user can fix, in the TypeScript or in what it
 * says, ends the process with its message alone; every other one is thrown on, with a stack that names the TypeScript
 * source.
 */
export async function launch(entry) {
  nameSourcesInStacks();
  // CommonJS packages load Node.js's own modules with this.
  globalThis.require = module.createRequire(join(projectDirectory, "package.json"));
  // The AWS SDK's notice about Node.js 20, on every run, is for those who maintain this project.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  // cdktf calls the old name, about which Node.js prints a warning since version 22.
  util.isArray = Array.isArray;
  const directory = await findOrBuild(entry);
  try {
    return await import(pathToFileURL(join(directory, "program.mjs")).href);
  } catch (error) {
    if (error?.name !== "UserError") throw error;
    console.error(error.message);
    process.exit(WRONG_USE);
  }
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
