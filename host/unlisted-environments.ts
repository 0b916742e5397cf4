import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * The files of a folder of environments that none of its files imports, index.ts first of all: what they define is in no
 * stack.
 */
export function findUnlistedEnvironments(directory: string): string[] {
  const files = readdirSync(directory).filter((file) => /(?<!\.d|\.test)\.ts$/.test(file));
  const imported = files.flatMap((file) =>
    [...readFileSync(join(directory, file), "utf8").matchAll(/["']\.\/([^"']+)["']/g)].map(
      ([, path = ""]) => path.replace(/\.[jt]s$/, ""),
    ),
  );
  return files.filter((file) => file !== "index.ts" && !imported.includes(basename(file, ".ts")));
}
