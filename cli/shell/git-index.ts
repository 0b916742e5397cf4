import fs from "node:fs";
import path from "node:path";

/*
 * Which files git tracks, from its index. To start git in a folder whose configuration somebody else has written would run what
 * that names (`core.fsmonitor` and others), so the file is read as it is.
 *
 * Source: https://git-scm.com/docs/index-format
 */

const SIGNATURE = "DIRC";
const HEADER_LENGTH = 12;
/** Times, device, inode, mode, owner and size. */
const STAT_LENGTH = 40;
const FLAGS_LENGTH = 2;
const EXTENDED = 0x4000;

/** An index larger than this, in bytes, is not read: it is that of more than a million files. */
const MAX_SIZE = 256 * 1024 * 1024;

/** The content of a file; undefined for what is none, such as a pipe, or too large. */
function readIfFile(file: string): Buffer | undefined {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() && stats.size <= MAX_SIZE ? fs.readFileSync(file) : undefined;
}

/** The folder that a `.git` file names, as worktrees and submodules have it; else the folder of that name. */
function gitFolderOf(root: string): string {
  const git = path.join(root, ".git");
  const [, folder] = /^gitdir: (.+?)\s*$/.exec(readIfFile(git)?.toString("utf8") ?? "") ?? [];
  return folder === undefined ? git : path.resolve(root, folder);
}

/** The length of object names: 20 bytes for SHA-1, 32 for SHA-256, which the configuration says. */
function hashLengthOf(folder: string): number {
  const shared = readIfFile(path.join(folder, "commondir"))?.toString("utf8").trim() ?? ".";
  const config = readIfFile(path.resolve(folder, shared, "config"))?.toString("utf8") ?? "";
  return /^\s*objectformat\s*=\s*sha256\s*$/im.test(config) ? 32 : 20;
}

/** The number at an offset in the encoding of offsets in packs, and where it ends. */
function readOffset(index: Buffer, at: number): { value: number; end: number } {
  let byte = index.readUInt8(at);
  let value = byte & 0x7f;
  let end = at + 1;
  while (byte & 0x80) {
    byte = index.readUInt8(end);
    end += 1;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, end };
}

/**
 * The paths of an index, in the order of their bytes, one character for each.
 *
 * @throws RangeError for one that is cut off.
 */
function pathsIn(index: Buffer, hashLength: number): string[] {
  const version = index.readUInt32BE(4);
  if (index.toString("latin1", 0, 4) !== SIGNATURE || version < 2 || version > 4) return [];
  const paths: string[] = [];
  let at = HEADER_LENGTH;
  let previous = "";
  for (let left = index.readUInt32BE(8); left > 0; left -= 1) {
    const start = at;
    at += STAT_LENGTH + hashLength;
    const isExtended = version > 2 && (index.readUInt16BE(at) & EXTENDED) !== 0;
    at += isExtended ? 2 * FLAGS_LENGTH : FLAGS_LENGTH;
    let kept = "";
    if (version === 4) {
      const { value, end } = readOffset(index, at);
      kept = previous.slice(0, Math.max(previous.length - value, 0));
      at = end;
    }
    const end = index.indexOf(0, at);
    if (end < 0) throw new RangeError("the index is cut off");
    previous = kept + index.toString("latin1", at, end);
    // Entries are padded to a multiple of eight bytes, with one zero at least.
    at = version === 4 ? end + 1 : start + ((end - start + 8) & ~7);
    if (previous !== "") paths.push(previous);
  }
  return paths;
}

/** The shared index that an index adds to (`core.splitIndex`); undefined for none. */
function sharedIndexOf(folder: string, index: Buffer, hashLength: number): Buffer | undefined {
  for (const name of fs.readdirSync(folder)) {
    const [, hash] = /^sharedindex\.([0-9a-f]+)$/.exec(name) ?? [];
    const isNamed = hash?.length === 2 * hashLength && index.includes(Buffer.from(hash, "hex"));
    if (isNamed) return readIfFile(path.join(folder, name));
  }
  return undefined;
}

/** The files of a repository that git tracks. */
export class TrackedFiles {
  /** Each sorted by bytes. */
  private readonly lists: readonly (readonly string[])[];

  /** @param root The folder with `.git`. Where its index can't be read, no file is tracked. */
  constructor(root: string) {
    this.lists = listsOf(root);
  }

  /** Whether a file is tracked. @param file Its path from the root, with `/` between folders. */
  has(file: string): boolean {
    const wanted = bytesOf(file);
    return this.lists.some((paths) => paths[firstFrom(paths, wanted)] === wanted);
  }

  /** Whether a file in a folder is tracked. */
  hasIn(folder: string): boolean {
    const wanted = bytesOf(`${folder}/`);
    return this.lists.some((paths) => paths[firstFrom(paths, wanted)]?.startsWith(wanted) ?? false);
  }
}

function listsOf(root: string): string[][] {
  try {
    const folder = gitFolderOf(root);
    const index = readIfFile(path.join(folder, "index"));
    if (!index) return [];
    const hashLength = hashLengthOf(folder);
    const shared = sharedIndexOf(folder, index, hashLength);
    return [index, ...(shared ? [shared] : [])].map((one) => pathsIn(one, hashLength));
  } catch (error) {
    // A repository that is not readable has no say in what is looked into.
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code !== undefined)
      return [];
    throw error;
  }
}

/** One character for each byte of a path in UTF-8: the order of such strings is that of bytes, as in an index. */
function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The index of the first path that is not before another one. */
function firstFrom(paths: readonly string[], wanted: string): number {
  let low = 0;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (paths[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
