import { buildSync, version as esbuildVersion } from "esbuild";
import type * as Fflate from "fflate";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Defined by launch.mjs when it joins a program; absent where the sources are loaded one by one. */
declare const PROJECT_DIRECTORY: string | undefined;

const projectDirectory =
  typeof PROJECT_DIRECTORY === "string" ? PROJECT_DIRECTORY : join(__dirname, "../..");

/** The code of the maintenance functions, as AWS Lambda takes it. */
export interface LambdaBundle {
  /** Where the zip file is, as an absolute path. */
  readonly path: string;
  /** The SHA-256 of the zip file in base64: what Terraform calls `source_code_hash`. */
  readonly hash: string;
}

/** The runtime that the code is made for, and the newest that hashicorp/aws 5.100.0 knows. */
export const LAMBDA_RUNTIME = "nodejs22.x";

/** The functions in it: what `handler` of a function is to be. */
export const LAMBDA_HANDLERS = { reconcile: "index.handler", notify: "index.notify" } as const;

/** To be raised when the way of bundling changes, so that what an earlier one made is not taken for it. */
const BUNDLING = 1;

/**
 * Joins `reconcile/lambda/lambda.ts` and all that it needs in one file. The AWS SDK is part of it, though Lambda's runtime
 * brings one: what runs is then what was tested, and one small file is sooner loaded than the runtime's many
 * (bench/lambda-load.ts).
 */
function bundle(): Uint8Array {
  const { outputFiles } = buildSync({
    absWorkingDir: projectDirectory,
    entryPoints: ["reconcile/lambda/lambda.ts"],
    bundle: true,
    write: false,
    platform: "node",
    target: "node22",
    format: "cjs",
    // The packages' ES modules let esbuild leave out what is not used: two thirds of the SDK.
    mainFields: ["module", "main"],
    minify: true,
    legalComments: "none",
    logLevel: "error",
  });
  return outputFiles[0]!.contents;
}

/**
 * A zip file with the same bytes for the same code, on every machine: one entry, without the time of day, and with an
 * owner's rights that do not depend on who made it.
 */
function zip(code: Uint8Array): Uint8Array {
  // Loaded only where there is something to zip: most syntheses find the file made.
  const load = createRequire(join(projectDirectory, "package.json"));
  const { zipSync } = load("fflate") as typeof Fflate;
  return zipSync(
    { "index.js": [code, { os: 3, attrs: 0o100644 << 16 }] },
    // The earliest time that a zip file can hold. It is written as a local time, so it is made as one.
    { level: 9, mtime: new Date(1980, 0, 1) },
  );
}

/** The zip file, made anew; `bundleLambda` saves the time. */
export function makeLambdaZip(): Uint8Array {
  return zip(bundle());
}

function sha256(content: Uint8Array | string, encoding: "hex" | "base64"): string {
  return createHash("sha256").update(content).digest(encoding);
}

/** Everything that the code depends on: the sources, and by the lock file the packages. */
function inputsKey(): string {
  const files = ["ecr", "registry", "reconcile"].flatMap((folder) =>
    readdirSync(join(projectDirectory, folder), { encoding: "utf8", recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => join(folder, name)),
  );
  const digests = ["package-lock.json", ...files].map((file) => [
    file,
    sha256(readFileSync(join(projectDirectory, file)), "hex"),
  ]);
  return sha256(JSON.stringify([BUNDLING, esbuildVersion, digests]), "hex");
}

/** Writes a file so that nobody ever reads half of it. */
function writeWhole(path: string, content: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}

function makeBundle(): LambdaBundle {
  const path = join(
    projectDirectory,
    "node_modules/.cache/ecr-pull-through-cache",
    inputsKey(),
    "maintenance.zip",
  );
  if (existsSync(path)) return { path, hash: sha256(readFileSync(path), "base64") };

  const content = makeLambdaZip();
  const hash = sha256(content, "base64");
  try {
    writeWhole(path, content);
    return { path, hash };
  } catch {
    // Where packages can't be written to, each process makes the file for itself.
    const ownPath = join(mkdtempSync(join(tmpdir(), "ecr-cache-")), "maintenance.zip");
    writeFileSync(ownPath, content);
    return { path: ownPath, hash };
  }
}

let made: LambdaBundle | undefined;

/**
 * The code of the maintenance functions. It is made once for each state of the sources and packages, in some tenths of a
 * second, and kept in node_modules/.cache; after that it takes some milliseconds.
 */
export function bundleLambda(): LambdaBundle {
  made ??= makeBundle();
  return made;
}
