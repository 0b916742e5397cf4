import type * as Esbuild from "esbuild";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { compileFunction } from "node:vm";
import type { Environment } from "../../ecr/environment";
import { UserError } from "../../ecr/user-error";
import { projectDirectory } from "../../launch/project-directory.cjs";

/** What esbuild throws for sources that it cannot bundle. */
interface BuildFailure {
  readonly errors: readonly Esbuild.Message[];
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  typeof error === "object" && error !== null && "errors" in error;

const describeMessage = ({ location, text }: Esbuild.Message) =>
  location ? `${location.file}:${location.line}: ${text}` : text;

function bundle(entry: string): string {
  // Not an import: esbuild finds its program from where it is.
  const load = createRequire(resolve(projectDirectory, "package.json"));
  const { buildSync } = load("esbuild") as typeof Esbuild;
  try {
    const { outputFiles } = buildSync({
      entryPoints: [entry],
      bundle: true,
      write: false,
      platform: "node",
      target: "node20",
      format: "cjs",
      packages: "external",
      logLevel: "silent",
    });
    return outputFiles[0]!.text;
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new UserError(error.errors.map(describeMessage).join("\n"));
  }
}

/**
 * The environments of a folder of TypeScript or JavaScript: what its index.ts exports as `environments`.
 *
 * @throws UserError if the folder has none, or the sources are wrong.
 */
export function loadConfig(directory: string): readonly Environment[] {
  const candidates = ["ts", "mts", "js", "mjs", "cjs"].map((extension) => `index.${extension}`);
  const file = candidates.find((name) => existsSync(resolve(directory, name)));
  if (file === undefined) {
    throw new UserError(
      `--config: found no ${candidates[0]} in ${directory}; allowed: a folder whose index.ts exports environments`,
    );
  }
  const entry = resolve(directory, file);
  const module = { exports: {} as { environments?: unknown } };
  const run = compileFunction(bundle(entry), ["module", "exports", "require"], {
    filename: entry,
  }) as (...values: unknown[]) => void;
  // As if the bundle were the file that it was made from: packages are found from there.
  run(module, module.exports, createRequire(entry));
  const { environments } = module.exports;
  if (Array.isArray(environments)) return environments as Environment[];
  throw new UserError(
    `--config: found no environments in ${file} of ${dirname(entry)}; allowed: export const environments = [defineEnvironment(…)]`,
  );
}
