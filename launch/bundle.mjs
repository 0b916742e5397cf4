import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectDirectory } from "./project-directory.cjs";

/** @param {string} path @param {string} text */
function withItsPlace(path, text) {
  const url = pathToFileURL(path).href;
  const places = {
    url,
    __filename: path,
    filename: path,
    __dirname: dirname(path),
    dirname: dirname(path),
  };
  const declarations = ["__filename", "__dirname"]
    .filter(
      (name) => text.includes(name) && !new RegExp(`(const|let|var)\\s+${name}\\b`).test(text),
    )
    .map((name) => `var ${name} = ${JSON.stringify(places[name])};`);
  const code = text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) =>
    JSON.stringify(places[name]),
  );
  return declarations.join("") + code;
}

/** Tells modules that ask for their own path where they come from, and leaves out what is loaded from its own place. */
const inPlace = {
  name: "in place",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\/launch\/[^/]+\.cjs$|\.node$/ }, ({ kind, path, resolveDir }) => {
      const target = join(resolveDir, path);
      return {
        path: kind === "require-call" ? target : pathToFileURL(target).href,
        external: true,
      };
    });
    onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!/__(file|dir)name|import\.meta\./.test(text)) return undefined;
      return {
        contents: withItsPlace(path, text),
        loader: extname(path).endsWith("ts") ? "ts" : "js",
      };
    });
  },
};

/**
 * Joins a program with its packages, in `program.mjs` and in chunks that it loads when it needs them.
 *
 * @param {string} entry The program, relative to the project's directory.
 * @returns {Promise<import("./build-cache.cjs").Build>}
 */
export async function bundle(entry) {
  const started = Date.now();
  const { metafile, outputFiles } = await build({
    absWorkingDir: projectDirectory,
    entryPoints: [{ in: entry, out: "program" }],
    outdir: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // Some packages have a `main` that esbuild can't follow, such as jsonc-parser.
    mainFields: ["module", "main"],
    sourcemap: true,
    sourcesContent: false,
    logLevel: "error",
    plugins: [inPlace],
  });
  return {
    started,
    inputs: Object.keys(metafile.inputs),
    files: Object.fromEntries(outputFiles.map(({ path, contents }) => [basename(path), contents])),
  };
}
