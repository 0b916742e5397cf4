import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { count } from "./output";
import { describeFileError } from "./find-files";

/** Files larger than this, in bytes, are not read: nobody writes them by hand. */
export const MAX_FILE_SIZE = 10 * 1024 * 1024;

/** Tells whether a file is still the one that was read, and what to keep of it. */
export type FileIdentity = Pick<fs.Stats, "ino" | "size" | "mtimeMs" | "mode" | "uid" | "gid">;

/** The text of a file, and what is needed to replace it. */
export interface TextFile {
  readonly text: string;
  readonly identity: FileIdentity;
}

/** The result of `readTextFile`. */
export type ReadTextFile =
  | { readonly file: TextFile }
  | {
      readonly problem: string;
      /** What can be read of a text that is not in UTF-8, for looking only. */
      readonly text?: string;
    };

/** What decoding leaves where bytes are not UTF-8; a file may also contain it. */
const REPLACEMENT = "\ufffd";

/**
 * Reads a file that is expected to be text; bytes and text convert into each other without loss.
 *
 * @param maxSize In bytes; a larger file is not read.
 */
export function readTextFile(file: string, maxSize = MAX_FILE_SIZE): ReadTextFile {
  try {
    const stats = fs.statSync(file);
    if (!stats.isFile()) return { problem: "not a file" };
    if (stats.size > maxSize) {
      return { problem: `larger than ${count(maxSize / 1024 / 1024, "megabyte")}; not read` };
    }
    const text = fs.readFileSync(file, "utf8");
    if (text.includes("\0")) return { problem: "a binary file" };
    if (text.includes(REPLACEMENT) && !isUtf8(fs.readFileSync(file))) {
      return { problem: "not in UTF-8", text };
    }
    const { ino, size, mtimeMs, mode, uid, gid } = stats;
    return { file: { text, identity: { ino, size, mtimeMs, mode, uid, gid } } };
  } catch (error) {
    return { problem: describeFileError(error) };
  }
}

/**
 * Replaces the text of a file, whole or not at all: it is written beside it and then renamed. Owner and mode
 * stay; so does what a symbolic link is.
 *
 * @returns What went wrong; the file is as it was then.
 */
export function replaceTextFile(
  file: string,
  text: string,
  before: FileIdentity,
): string | undefined {
  let temporary: string | undefined;
  try {
    const target = fs.realpathSync(file);
    const name = `.${path.basename(target)}.${randomBytes(6).toString("hex")}.tmp`;
    temporary = path.join(path.dirname(target), name);
    const descriptor = fs.openSync(temporary, "wx", before.mode);
    try {
      fs.writeFileSync(descriptor, text);
      // The mode that a file is opened with is subject to the umask.
      fs.fchmodSync(descriptor, before.mode & 0o7777);
      keepOwner(descriptor, before);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    const now = fs.statSync(target);
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) {
      fs.rmSync(temporary);
      return "it has changed since it was read; left as it is";
    }
    fs.renameSync(temporary, target);
    return undefined;
  } catch (error) {
    if (temporary !== undefined) fs.rmSync(temporary, { force: true });
    return describeFileError(error).replace("to read it", "to write it or beside it");
  }
}

/** Only root may give files away; for anyone else the owner is their own in all but rare cases. */
function keepOwner(descriptor: number, { uid, gid }: FileIdentity): void {
  const own = fs.fstatSync(descriptor);
  if (own.uid === uid && own.gid === gid) return;
  try {
    fs.fchownSync(descriptor, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}
