const { spawn } = require("node:child_process");
const { chmodSync, mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

/** Waits for the end of its input, then takes a folder away, again if a program that was still ending has made it anew. */
const KEEPER = 'cat >/dev/null; until rm -rf "$1"; sleep 2; [ ! -e "$1" ]; do :; done';

/**
 * A folder for the temporary files of a test run, which goes when this process ends, however it does: Ctrl-C ends Jest
 * and its workers without a word. A shell of its own waits for that; the system closes the pipe to it.
 */
function makeRunFolder() {
  const folder = mkdtempSync(join(tmpdir(), "ecr-cache-tests-"));
  // PostgreSQL, which does not run as root, must find its way through it.
  chmodSync(folder, 0o711);
  const keeper = spawn("sh", ["-c", KEEPER, "sh", folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  keeper.on("error", () => undefined);
  keeper.unref();
  keeper.stdin.unref();
  return folder;
}

module.exports = { makeRunFolder };
