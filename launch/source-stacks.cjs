const { readFileSync } = require("node:fs");
const { SourceMap } = require("node:module");
const { join } = require("node:path");
const { fileURLToPath } = require("node:url");
const { projectDirectory } = require("./project-directory.cjs");

/** The source map of each file that a stack has named so far. @type {Map<string, SourceMap | undefined>} */
const maps = new Map();

/** @param {string} url */
function sourceMapOf(url) {
  if (!maps.has(url)) {
    try {
      maps.set(url, new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, "utf8"))));
    } catch {
      maps.set(url, undefined);
    }
  }
  return maps.get(url);
}

/** @param {string} stack */
const namingTheSources = (stack) =>
  stack.replace(/(file:\/\/[^()\n]+\.mjs):(\d+):(\d+)/g, (place, url, line, column) => {
    const entry = sourceMapOf(url)?.findEntry(line - 1, column - 1);
    if (!entry || !("originalSource" in entry)) return place;
    return `${join(projectDirectory, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });

/**
 * From now on, the stacks of errors name the source instead of what esbuild made of it.
 *
 * Node.js does that too, at a price: it reads the source map of everything that is loaded, and looks up each of the
 * thousands of stacks that cdktf captures to say where a token comes from. That doubles the time of a synthesis. Here
 * a source map is read when the first error shows its stack.
 */
function nameSourcesInStacks() {
  Error.prepareStackTrace = (error, frames) => {
    const stack = [error instanceof Error ? String(error) : "Error", ...frames].join("\n    at ");
    return error instanceof Error ? namingTheSources(stack) : stack;
  };
}

module.exports = { nameSourcesInStacks };
