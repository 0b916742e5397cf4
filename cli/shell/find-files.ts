import fs from "node:fs";
import path from "node:path";
import ignore, { type Ignore } from "ignore";
import { TrackedFiles } from "./git-index";

/** A file that was found, or what is wrong with a path. */
export type FoundFile =
  | {
      /** As the user would name it: from where the command runs, with `/` between folders. */
      readonly path: string;
      /** From the root of the repository that it is in, if it is in one; else as `path`. */
      readonly repositoryPath: string;
      /** Whether the user has named it, and not a folder that it is in. */
      readonly isNamed: boolean;
      readonly problem?: undefined;
    }
  | { readonly path: string; readonly problem: string };

/** Folders that hold what others wrote. */
const SKIPPED_FOLDERS = new Set([".git", ".hg", ".svn", "node_modules", ".terraform"]);

/** The rules of one `.gitignore`, for paths from its folder. */
interface IgnoreFile {
  readonly folder: string;
  readonly rules: Ignore;
}

const ERRORS: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  ENOENT: "no such file or folder",
  ELOOP: "a symbolic link that leads to itself",
  ENOTDIR: "no such file or folder",
};

/** What a failed access to a file says, in words where they are known. */
export function describeFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return ERRORS[code ?? ""] ?? message;
}

/** A path with `/` between folders. */
export function toSlashes(file: string): string {
  return path.sep === "/" ? file : file.replaceAll(path.sep, "/");
}

function readIgnoreFile(folder: string): IgnoreFile | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, ".gitignore"), "utf8");
  } catch {
    return undefined;
  }
  return { folder, rules: ignore().add(text) };
}

/** Whether git ignores a path: the rules nearest to it decide. `ignores` goes from the outermost folder inwards. */
function isIgnored(ignores: readonly IgnoreFile[], file: string, isFolder: boolean): boolean {
  for (let at = ignores.length - 1; at >= 0; at -= 1) {
    const { folder, rules } = ignores[at]!;
    const relative = toSlashes(path.relative(folder, file));
    const { ignored, unignored } = rules.test(isFolder ? `${relative}/` : relative);
    if (ignored || unignored) return ignored;
  }
  return false;
}

/** The root of the git repository that a folder is in. */
function repositoryRoot(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, ".git"))) return at;
    if (at === path.dirname(at)) return undefined;
  }
}

/** The `.gitignore` files from a repository's root down to a folder, without the folder's own. */
function outerIgnoreFiles(root: string | undefined, folder: string): IgnoreFile[] {
  const files: IgnoreFile[] = [];
  if (root === undefined) return files;
  for (let at = folder; at !== root;) {
    at = path.dirname(at);
    const file = readIgnoreFile(at);
    if (file) files.unshift(file);
  }
  return files;
}

/** A path below a folder; `.` is no part of one. */
function below(folder: string, name: string): string {
  return folder === "." ? name : folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** Walks folders; only files for which `isWanted` holds are yielded. Paths have `/` between folders. */
class Walker {
  private tracked: TrackedFiles | undefined;

  constructor(
    private readonly root: string | undefined,
    private readonly isWanted: (name: string) => boolean,
    private readonly isExpected: (name: string) => boolean,
  ) {}

  found(shown: string, absolute: string, isNamed: boolean): FoundFile {
    return {
      path: shown,
      repositoryPath: this.root === undefined ? shown : absolute.slice(this.root.length + 1),
      isNamed,
    };
  }

  /** Whether git tracks a file, or one in a folder: then it does not matter whether `.gitignore` matches. */
  private isTracked(absolute: string, isFolder: boolean): boolean {
    if (this.root === undefined) return false;
    // Most repositories track nothing that they ignore, but only their index says so.
    this.tracked ??= new TrackedFiles(this.root);
    const file = absolute.slice(this.root.length + 1);
    return isFolder ? this.tracked.hasIn(file) : this.tracked.has(file);
  }

  /** @param isIgnoredFolder Whether git ignores the folder, so that only what it tracks all the same is of interest. */
  *folder(
    shown: string,
    absolute: string,
    outer: readonly IgnoreFile[],
    isIgnoredFolder = false,
  ): Generator<FoundFile> {
    let entries: fs.Dirent[];
    try {
      entries = fs.readdirSync(absolute, { withFileTypes: true });
    } catch (error) {
      yield { path: shown, problem: describeFileError(error) };
      return;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const own = entries.some(({ name }) => name === ".gitignore")
      ? readIgnoreFile(absolute)
      : undefined;
    const ignores = own ? [...outer, own] : outer;
    for (const entry of entries) {
      const isFile = entry.isFile();
      if (isFile && !this.isWanted(entry.name)) continue;
      const file = below(absolute, entry.name);
      const isFolder = entry.isDirectory();
      if (isFolder && SKIPPED_FOLDERS.has(entry.name)) continue;
      const ignored = isIgnoredFolder || isIgnored(ignores, file, isFolder);
      if (ignored && !this.isTracked(file, isFolder)) continue;
      if (isFolder) {
        yield* this.folder(below(shown, entry.name), file, ignores, ignored);
      } else if (isFile) {
        yield this.found(below(shown, entry.name), file, false);
      } else if (entry.isSymbolicLink()) {
        const problem = this.linkProblem(file);
        if (problem !== undefined) yield { path: below(shown, entry.name), problem };
      }
    }
  }

  /**
   * Links are not followed: what they lead to is either met by itself, or not in the folder. Those that lead nowhere
   * are reported.
   */
  private linkProblem(file: string): string | undefined {
    try {
      const target = fs.realpathSync(file);
      const folder = fs.realpathSync(path.dirname(file));
      const isAround = folder === target || folder.startsWith(`${target}${path.sep}`);
      return isAround ? "a symbolic link to a folder that it is in; not followed" : undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A link to nothing is only worth a word if it is called like a file that is looked for.
      if (code === "ENOENT") {
        return this.isExpected(path.basename(file)) ? "a symbolic link to nothing" : undefined;
      }
      return describeFileError(error);
    }
  }
}

/**
 * The files that a user has named, and those of the folders that they have named. In folders, what git ignores and does
 * not track is left out, and so is `node_modules`.
 *
 * @param isWanted Which files of folders are of interest, by name. A file that is named itself always is.
 * @param isExpected Which names are worth a word where a link of that name leads nowhere.
 */
export function* findFiles(
  paths: readonly string[],
  isWanted: (name: string) => boolean,
  isExpected = isWanted,
): Generator<FoundFile> {
  const seen = new Set<string>();
  for (const shown of paths) {
    let absolute: string;
    let stats: fs.Stats;
    try {
      // A link that is named is followed: it is the file that is to be changed, not the link.
      absolute = toSlashes(fs.realpathSync(shown));
      stats = fs.statSync(absolute);
    } catch (error) {
      yield { path: toSlashes(shown), problem: describeFileError(error) };
      continue;
    }
    const name = toSlashes(path.normalize(shown));
    const folder = stats.isDirectory() ? absolute : path.dirname(absolute);
    const root = repositoryRoot(folder);
    const walker = new Walker(root, isWanted, isExpected);
    const files = stats.isDirectory()
      ? walker.folder(name, absolute, outerIgnoreFiles(root, folder))
      : [walker.found(name, absolute, true)];
    for (const file of files) {
      if (paths.length > 1) {
        const resolved = path.resolve(file.path);
        if (seen.has(resolved)) continue;
        seen.add(resolved);
      }
      yield file;
    }
  }
}
