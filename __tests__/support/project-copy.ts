import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { extractRevision } from "./git-revision";

/** What a copy of the project does without: what is large, is generated, or is no part of the program. */
const LEFT_OUT = ["node_modules", "cdktf.out", ".git", "__tests__", "bench", "docs"];

/** What belongs to the user of a project; a copy has samples instead. */
const OWN = ["environments", "app.ts"];

const project = resolve(__dirname, "../..");
const samples = join(__dirname, "samples");

/** What a program did. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The paths of a folder's files. Links are not followed, which `recursive` of Node.js does from version 22. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });

export interface ProjectCopyOptions {
  /** A revision in the history. Default: the sources as they are now. */
  readonly revision?: string;
  /** Whether the copy has the project's own environments and app.ts instead of samples. Default: false. */
  readonly withOwn?: boolean;
}

/**
 * A copy of the project's sources in a folder of its own, for tests that change environments and run programs. It has the
 * tests' environments, `dev`, `staging` and `prod`, and no stacks of a user's own.
 */
export class ProjectCopy {
  readonly directory = mkdtempSync(join(tmpdir(), "ecr-cache-project-"));

  constructor({ revision, withOwn = false }: ProjectCopyOptions = {}) {
    if (revision === undefined) {
      this.copyProject(withOwn ? LEFT_OUT : [...LEFT_OUT, ...OWN]);
      if (!withOwn) this.writeSamples();
    } else {
      extractRevision(revision, this.directory);
    }
    // Each package is the project's; the folder is the copy's own, for what programs keep in it.
    const packages = join(project, "node_modules");
    mkdirSync(join(this.directory, "node_modules"));
    for (const name of readdirSync(packages).filter((entry) => entry !== ".cache")) {
      symlinkSync(join(packages, name), join(this.directory, "node_modules", name));
    }
  }

  private copyProject(leftOut: readonly string[]): void {
    cpSync(project, this.directory, {
      recursive: true,
      filter: (path) => dirname(path) !== project || !leftOut.includes(basename(path)),
    });
  }

  private writeSamples(): void {
    for (const file of readdirSync(samples, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      // They are three folders further down than in a project.
      const text = readFileSync(join(samples, file), "utf8");
      this.write(file, text.replaceAll('"../../../', file === "app.ts" ? '"./' : '"'));
    }
  }

  /**
   * Runs `node launch.mjs ARGUMENT…` in the copy.
   *
   * @param launcher Another path of launch.mjs.
   */
  launch(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    launcher = "launch.mjs",
  ): Run {
    const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
      cwd: this.directory,
      // Without what the test run itself may have been started with.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), "utf8");
  }

  /** The text of every file below a folder by its path; an empty object where there is no such folder. */
  files(folder: string): Readonly<Record<string, string>> {
    const top = join(this.directory, folder);
    if (!existsSync(top)) return {};
    return Object.fromEntries(
      filesBelow(top)
        .sort()
        .map((path) => [path.slice(top.length + 1), readFileSync(path, "utf8")]),
    );
  }

  /** Takes a file or folder of the copy away, or all of it. */
  remove(path = "."): void {
    rmSync(join(this.directory, path), { recursive: true, force: true });
  }
}
