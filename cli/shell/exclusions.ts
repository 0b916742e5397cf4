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
  private readonly patterns: Ignore | undefined;
  private readonly rules = new Map<string, Ignore | undefined>();
  /** The rules of each folder and those around it: most have none. */
  private readonly around = new Map<string, readonly FolderRules[]>();

  constructor(patterns: readonly string[]) {
    this.patterns =
      patterns.length === 0 ? undefined : ignore({ allowRelativePaths: true }).add([...patterns]);
  }

  /** @param repositoryPath The file from the root of its repository; outside of one as `file`. */
  isExcluded(file: string, repositoryPath: string): boolean {
    if (this.patterns?.ignores(toSlashes(path.relative(".", path.resolve(file))))) return true;
    const folder = path.dirname(file);
    const depth = repositoryPath.split("/").length;
    const key = `${depth} ${folder}`;
    let around = this.around.get(key);
    if (!around) {
      around = this.rulesAround(folder, depth);
      this.around.set(key, around);
    }
    return around.some(({ prefix, rules }) => rules.ignores(prefix + path.basename(file)));
  }

  /** @param depth How many folders are looked into: the file's own, and those above it in the repository. */
  private rulesAround(folder: string, depth: number): FolderRules[] {
    const found: FolderRules[] = [];
    const own = toSlashes(path.resolve(folder));
    let at = own;
    for (let up = 0; up < depth; up += 1) {
      const rules = this.rulesIn(at);
      const relative = toSlashes(path.relative(at, own));
      if (rules) found.push({ prefix: relative === "" ? "" : `${relative}/`, rules });
      if (at === path.dirname(at)) break;
      at = path.dirname(at);
    }
    return found;
  }

  private rulesIn(folder: string): Ignore | undefined {
    if (!this.rules.has(folder)) this.rules.set(folder, readRules(folder));
    return this.rules.get(folder);
  }
}

/** The rules of a folder, for the files of one that is in it. */
interface FolderRules {
  /** From the folder with the rules to the one with the files, with a slash at its end; empty for itself. */
  readonly prefix: string;
  readonly rules: Ignore;
}

function readRules(folder: string): Ignore | undefined {
  const file = path.join(folder, IGNORE_FILE);
  // Nearly no folder has one, and an error for each takes longer than to ask.
  return fs.existsSync(file) ? ignore().add(fs.readFileSync(file, "utf8")) : undefined;
}
