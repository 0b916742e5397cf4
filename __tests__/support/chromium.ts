import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Availability } from "../../host/availability";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

const program = PROGRAMS.find((name) => spawnSync(name, ["--version"]).status === 0);

/** Whether there is a headless Chromium. */
export const chromium: Availability =
  program === undefined
    ? {
        ok: false,
        reason: "chromium: found none; allowed: one on the PATH (apt-get install chromium)",
      }
    : { ok: true };

/** What a page is after it was loaded, as HTML, and what the browser complained about. */
export interface LoadedPage {
  readonly dom: string;
  /** What the page and its console had to say. */
  readonly console: readonly string[];
}

/** Loads a file as a person with the given preference would, without any network. */
export function loadPage(file: string, scheme: "light" | "dark", width = 1200): LoadedPage {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  try {
    const { stdout, stderr, status } = spawnSync(
      program ?? "chromium",
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        `--user-data-dir=${profile}`,
        `--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`,
        `--window-size=${width},900`,
        "--enable-logging=stderr",
        "--virtual-time-budget=2000",
        "--dump-dom",
        pathToFileURL(file).href,
      ],
      // Its settings and caches go with the profile, not into the user's home.
      {
        encoding: "utf8",
        timeout: 60_000,
        env: { ...process.env, HOME: profile, XDG_CACHE_HOME: profile },
      },
    );
    if (status !== 0) throw new Error(`chromium ended with ${status}: ${stderr}`);
    return {
      dom: stdout,
      console: stderr.split("\n").filter((line) => line.includes(":CONSOLE")),
    };
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
