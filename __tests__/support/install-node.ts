import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/*
 * Other versions of Node.js than the one that runs the tests, from the npm package `node`.
 */

const project = resolve(__dirname, "../..");

/**
 * Installs a version of Node.js into node_modules/.cache, if it is not there yet.
 *
 * @param version The major version, of which the newest release is installed.
 * @returns The folder of the program.
 * @throws Error if npm cannot install it.
 */
export function installNode(version: string): string {
  const folder = join(project, "node_modules/.cache/node-versions", version);
  const programs = join(folder, "node_modules/node/bin");
  if (!existsSync(join(programs, "node"))) {
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync(
      "npm",
      ["install", "--prefix", folder, "--no-audit", "--no-fund", `node@${version}`],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`Node.js ${version} cannot be installed: ${stderr}`);
  }
  return programs;
}

/** A PATH on which the `node` of a folder comes first: what programs such as cdktf and npm start. */
export function pathWith(programs: string): string {
  return `${programs}${delimiter}${process.env.PATH}`;
}
