import { execFileSync, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import type { Availability } from "../../host/availability";

const project = resolve(__dirname, "../..");

function git(...args: readonly string[]): string {
  const { status, stdout } = spawnSync("git", args, { cwd: project, encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

/** The newest release of the project (a tag `v…`), or before the first one a commit. */
export function lastRelease(beforeTheFirst: string): string {
  const [newest = ""] = git("tag", "--list", "v*", "--sort=-version:refname").split("\n");
  return newest === "" ? beforeTheFirst : newest;
}

/** Whether the history on this machine holds a revision. */
export function findRevision(revision: string): Availability {
  return git("cat-file", "-t", `${revision}^{commit}`) === "commit"
    ? { ok: true }
    : { ok: false, reason: `git: found no commit ${revision}; allowed: a full clone` };
}

/** Writes the project's sources, as they were at a revision, into a directory. */
export function extractRevision(revision: string, directory: string): void {
  const archive = execFileSync("git", ["archive", revision], {
    cwd: project,
    maxBuffer: 1 << 28,
  });
  execFileSync("tar", ["-x", "-C", directory], { input: archive });
}
