import type * as Esbuild from "esbuild";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectDirectory } from "../launch/project-directory.cjs";
import { makeLambdaZip } from "../reconcile/lambda/bundle";

/*
 * Builds what the npm package contains into dist/: the library and the command as JavaScript, the library's types, and the
 * zip file of the maintenance functions. `npm pack` runs it.
 */

const dist = join(projectDirectory, "dist");

// Not an import: esbuild finds its program from where it is.
const { buildSync } = createRequire(join(projectDirectory, "package.json"))(
  "esbuild",
) as typeof Esbuild;

rmSync(dist, { recursive: true, force: true });
buildSync({
  absWorkingDir: projectDirectory,
  entryPoints: [
    { in: "package/index.ts", out: "index" },
    { in: "cli/main.ts", out: "cli" },
  ],
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // cdktf must be that of the app. The environments are those of the package's user.
  packages: "external",
  external: ["../../environments"],
  logLevel: "warning",
});
writeFileSync(join(dist, "maintenance.zip"), makeLambdaZip());

const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "package/tsconfig.json"],
  { cwd: projectDirectory, stdio: "inherit" },
);
process.exitCode = status ?? 1;
