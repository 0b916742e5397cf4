import fs from "node:fs";
import path from "node:path";
import ignore, { type Ignore } from "ignore";
import { toSlashes } from "./find-files";

/** The name of the files that exclude files of their folder and below, in the syntax of `.gitignore`. */
const IGNORE_FILE = ".ecr-cache-ignore";

/**
 * Which files a user has excluded: by patterns in the syntax of `.gitignore` that are relative to where the command
 * runs, or by `.ecr-cache-ignore` in a folder that the file is in. Files that are named on the command line are
 * excluded, too: pre-commit hooks name every file.
 */
export class Exclusions {
  private readonly patterns: Ignore;
  private readonly folders = new Map<string, Ignore | undefined>();

  constructor(patterns: readonly string[]) {
    this.patterns = ignore({ allowRelativePaths: true }).add([...patterns]);
  }

  /** @param repositoryPath The file from the root of its repository; outside of one as `file`. */
  isExcluded(file: string, repositoryPath: string): boolean {
    const absolute = toSlashes(path.resolve(file));
    if (this.patterns.ignores(toSlashes(path.relative(".", absolute)))) return true;
    const depth = repositoryPath.split("/").length;
    let folder = absolute;
    for (let up = 0; up < depth && folder !== path.dirname(folder); up += 1) {
      folder = path.dirname(folder);
      if (this.rulesIn(folder)?.ignores(toSlashes(path.relative(folder, absolute)))) return true;
    }
    return false;
  }

  private rulesIn(folder: string): Ignore | undefined {
    if (!this.folders.has(folder)) this.folders.set(folder, readRules(folder));
    return this.folders.get(folder);
  }
}

function readRules(folder: string): Ignore | undefined {
  try {
    return ignore().add(fs.readFileSync(path.join(folder, IGNORE_FILE), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
