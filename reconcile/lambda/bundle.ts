import type * as Esbuild from "esbuild";
import type * as Fflate from "fflate";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { findBuild, keepBuild } from "../../launch/build-cache.cjs";
import { projectDirectory } from "../../launch/project-directory.cjs";

/** The code of the maintenance functions, as AWS Lambda takes it. */
export interface LambdaBundle {
  /** Where the zip file is, as an absolute path. */
  readonly path: string;
  /** The SHA-256 of the zip file in base64: what Terraform calls `source_code_hash`. */
  readonly hash: string;
}

/** The functions in it: what `handler` of a function is to be. */
export const LAMBDA_HANDLERS = { reconcile: "index.handler", notify: "index.notify" } as const;

/** Packages that only bundling needs: most syntheses find the zip file, and don't wait for them. */
const load = createRequire(join(projectDirectory, "package.json"));

/**
 * Joins `reconcile/lambda/lambda.ts` and all that it needs in one file. The AWS SDK is part of it, though Lambda's runtime
 * brings one: what runs is then what was tested, and one small file is sooner loaded than the runtime's many
 * (bench/lambda-load.ts).
 */
function bundle() {
  const { buildSync } = load("esbuild") as typeof Esbuild;
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: projectDirectory,
    entryPoints: ["reconcile/lambda/lambda.ts"],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    // The oldest runtime that the functions have.
    target: "node22",
    format: "cjs",
    // The packages' ES modules let esbuild leave out what is not used: two thirds of the SDK.
    mainFields: ["module", "main"],
    minify: true,
    legalComments: "none",
    logLevel: "error",
  });
  return { inputs: Object.keys(metafile.inputs), code: outputFiles[0]!.contents };
}

/**
 * A zip file with the same bytes for the same code, on every machine: one entry, without the time of day, and with an
 * owner's rights that do not depend on who made it.
 */
function zip(code: Uint8Array): Uint8Array {
  const { zipSync } = load("fflate") as typeof Fflate;
  return zipSync(
    { "index.js": [code, { os: 3, attrs: 0o100644 << 16 }] },
    // The earliest time that a zip file can hold. It is written as a local time, so it is made as one.
    { level: 9, mtime: new Date(1980, 0, 1) },
  );
}

/** The zip file, built without a cache; `bundleLambda` has one. */
export function makeLambdaZip(): Uint8Array {
  return zip(bundle().code);
}

function build(): string {
  const started = Date.now();
  const { inputs, code } = bundle();
  const files = { "maintenance.zip": zip(code) };
  return keepBuild("lambda", "reconcile/lambda/bundle.ts", { started, inputs, files });
}

/** The npm package has the zip file instead of the sources. */
const packaged = join(projectDirectory, "dist");
const isPackage = !existsSync(join(projectDirectory, "reconcile"));

let made: LambdaBundle | undefined;

/**
 * The code of the maintenance functions. It is built once for given sources and packages, in some tenths of a second, and
 * kept in node_modules/.cache; after that it takes some milliseconds.
 */
export function bundleLambda(): LambdaBundle {
  if (!made) {
    const directory = isPackage ? packaged : (findBuild("lambda") ?? build());
    const path = join(directory, "maintenance.zip");
    made = { path, hash: createHash("sha256").update(readFileSync(path)).digest("base64") };
  }
  return made;
}
