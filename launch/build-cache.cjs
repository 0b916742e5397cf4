/*
 * Keeps what esbuild builds from the project's sources in node_modules/.cache, and finds it again for as long as neither
 * the sources nor the packages have changed.
 *
 * A build is a directory that nobody writes to once its record exists. The record names it, the inputs, and the digests
 * of both; it appears whole, by a rename, so processes may build the same thing at once. The digests are there for
 * accidents. They are no protection from someone who can write to node_modules, and so could change the packages as
 * well: in CI, where the variable `CI` is set, nothing is used that was kept.
 */
const { createHash } = require("node:crypto");
const {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require("node:fs");
const { tmpdir } = require("node:os");
const { basename, dirname, join } = require("node:path");
const { projectDirectory } = require("./project-directory.cjs");

/**
 * @typedef {object} Build
 * @property {number} started When the build began, in milliseconds since 1970.
 * @property {readonly string[]} inputs The files that went in, relative to the project's directory, as esbuild's metafile
 *   names them.
 * @property {Readonly<Record<string, Uint8Array>>} files What came out, by file name.
 */

/**
 * @typedef {object} BuildRecord
 * @property {string} project The project's directory: what was built may contain it.
 * @property {readonly string[]} inputs
 * @property {string} inputsDigest
 * @property {string} directory The name of the build's directory, which is beside the record.
 * @property {Readonly<Record<string, string>>} digests The digest of each file.
 */

const cacheDirectory = join(projectDirectory, "node_modules/.cache/ecr-pull-through-cache");

/**
 * What every build depends on. Packages are represented by the lock file and by npm's own list of what it has installed:
 * to read their thousands of files would take longer than to build.
 */
const COMMON_INPUTS = [
  "package.json",
  "package-lock.json",
  "node_modules/.package-lock.json",
  "node_modules/esbuild/package.json",
  "tsconfig.json",
  "launch/build-cache.cjs",
];

/** How long a directory is kept that no record names any more, for processes that may still load from it. */
const DAY = 24 * 60 * 60 * 1000;

const isInCi = () => Boolean(process.env.CI);

/** @param {Uint8Array | string} content */
const digestOf = (content) => createHash("sha256").update(content).digest("hex");

/**
 * @param {string} path
 * @returns {string} Empty where there is no such file.
 */
function digestOfFile(path) {
  try {
    return digestOf(readFileSync(path));
  } catch {
    return "";
  }
}

/** @param {readonly string[]} inputs */
const digestOfInputs = (inputs) =>
  digestOf(
    JSON.stringify(
      inputs.map((input) => [
        digestOfFile(join(projectDirectory, input)),
        // Once there is an x.ts, `./x` no longer means x/index.ts.
        basename(input) === "index.ts" &&
          existsSync(join(projectDirectory, `${dirname(input)}.ts`)),
      ]),
    ),
  );

/**
 * Whether the files are as they were built. Source maps, which are larger than the code, are not read: a wrong one misplaces
 * an error.
 *
 * @param {string} directory
 * @param {Readonly<Record<string, string>>} digests
 */
const isIntact = (directory, digests) =>
  Object.entries(digests).every(
    ([file, digest]) => file.endsWith(".map") || digestOfFile(join(directory, file)) === digest,
  );

/** @param {string} name */
const recordPath = (name) => join(cacheDirectory, `${name}.json`);

/**
 * @param {string} path
 * @returns {BuildRecord | undefined} Undefined where there is none that can be read.
 */
function readRecord(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Finds a build that was kept.
 *
 * @param {string} name
 * @returns {string | undefined} Its directory; undefined where there is none, where its files have been changed, or where
 *   its inputs have.
 */
function findBuild(name) {
  if (isInCi()) return undefined;
  const record = readRecord(recordPath(name));
  if (record?.project !== projectDirectory) return undefined;
  if (digestOfInputs(record.inputs) !== record.inputsDigest) return undefined;
  const directory = join(cacheDirectory, record.directory);
  return isIntact(directory, record.digests) ? directory : undefined;
}

/**
 * @param {string} directory
 * @param {Build["files"]} files
 */
function writeFiles(directory, files) {
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content);
  return directory;
}

/**
 * Writes the files for this process alone.
 *
 * @param {Build["files"]} files
 */
function writeTemporarily(files) {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return writeFiles(directory, files);
}

/** Removes the directories that no record names. */
function prune() {
  const entries = readdirSync(cacheDirectory, { withFileTypes: true });
  const named = new Set(
    entries.map(({ name }) => readRecord(join(cacheDirectory, name))?.directory),
  );
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !named.has(entry.name))) {
    const path = join(cacheDirectory, name);
    if (Date.now() - statSync(path).mtimeMs > DAY) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Whether an input may have changed after esbuild read it. File systems take the time from a clock that lags by some
 * milliseconds.
 *
 * @param {readonly string[]} inputs
 * @param {number} started
 */
const haveChangedSince = (inputs, started) =>
  inputs.some((input) => {
    const stats = statSync(join(projectDirectory, input), { throwIfNoEntry: false });
    return stats !== undefined && stats.ctimeMs > started - 20;
  });

/**
 * Keeps a build for later processes.
 *
 * @param {string} name
 * @param {string} recipe The source file that knows how to build it, relative to the project's directory.
 * @param {Build} build
 * @returns {string} Its directory. In CI, and where node_modules can't be written to, that is a temporary one for this
 *   process alone.
 */
function keepBuild(name, recipe, { started, inputs, files }) {
  if (isInCi()) return writeTemporarily(files);
  const sources = inputs.filter((input) => !input.includes("node_modules/"));
  const allInputs = [...COMMON_INPUTS, recipe, ...sources];
  const inputsDigest = digestOfInputs(allInputs);
  if (haveChangedSince(allInputs, started)) return writeTemporarily(files);
  try {
    mkdirSync(cacheDirectory, { recursive: true });
    const directory = writeFiles(mkdtempSync(join(cacheDirectory, `${name}-`)), files);
    /** @type {BuildRecord} */
    const record = {
      project: projectDirectory,
      inputs: allInputs,
      inputsDigest,
      directory: basename(directory),
      digests: Object.fromEntries(
        Object.entries(files).map(([file, content]) => [file, digestOf(content)]),
      ),
    };
    const draft = join(directory, "record.json");
    writeFileSync(draft, JSON.stringify(record));
    renameSync(draft, recordPath(name));
    prune();
    return directory;
  } catch {
    return writeTemporarily(files);
  }
}

module.exports = { findBuild, keepBuild };
