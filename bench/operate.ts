import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProjectCopy } from "../__tests__/support/project-copy";
import { formatTable } from "../cli/shell/output";
import { sandboxVariables } from "../sandbox/command-environment";
import { type Measurement, MemoryMeter } from "./measure";
import { type Registry, type RegistrySize, startRegistry } from "./operate-registry";

/*
 * `npm run bench:operate`: what the commands that list a whole cache need for it, in memory and in calls. Unlike times,
 * both mean something on any machine, so the wanted figures are checked: more calls than the pages there are, or more
 * memory than is allowed, and it ends with 1.
 */

/** The most memory that a command may need, in megabytes. */
const MOST_MEMORY = 300;
/** The most that ECR puts on a page. */
const PAGE = 1_000;

const SIZES: readonly RegistrySize[] = [
  { repositories: 100, imagesEach: 10 },
  { repositories: 10_000, imagesEach: 10 },
  // As many images in one repository.
  { repositories: 1, imagesEach: 100_000 },
];

const pagesOf = (items: number) => Math.max(1, Math.ceil(items / PAGE));

/** The calls that there is no way around: the pages of repositories and of images, and who one is. */
const listing = ({ repositories, imagesEach }: RegistrySize) =>
  1 + pagesOf(repositories) + repositories * pagesOf(imagesEach);

interface Command {
  readonly argv: readonly string[];
  readonly leastCalls: (size: RegistrySize) => number;
}

const COMMANDS: readonly Command[] = [
  { argv: ["images"], leastCalls: listing },
  { argv: ["images", "--json"], leastCalls: listing },
  { argv: ["images", "--sort", "size", "--limit", "100"], leastCalls: listing },
  { argv: ["images", "--sort", "pulled", "--json"], leastCalls: listing },
  { argv: ["cost", "--json"], leastCalls: listing },
  {
    argv: ["lifecycle", "--all", "--json"],
    // A policy for each repository, the rules and the templates.
    leastCalls: ({ repositories }) => 1 + pagesOf(repositories) + repositories + 2,
  },
];

interface CommandMeasurement extends Measurement {
  /** Megabytes. */
  readonly output: number;
  readonly calls: number;
}

const directory = mkdtempSync(join(tmpdir(), "ecr-cache-bench-"));
const memory = new MemoryMeter(directory);
/** A project with the environment `dev`, whatever the environments of this one are. */
const project = new ProjectCopy();

/** Runs the program as a user would, with its output going through a pipe. */
function run(argv: readonly string[], registry: Registry): Promise<CommandMeasurement> {
  memory.reset();
  registry.calls.clear();
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["cli/ecr-cache.mjs", ...argv, "--env", "dev"], {
      cwd: project.directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...sandboxVariables(registry.url, "us-east-1"),
        ...memory.variables,
      },
    });
    let output = 0;
    let messages = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.length));
    child.stderr.on("data", (chunk: Buffer) => (messages += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code !== 0) {
        reject(new Error(`ecr-cache ${argv.join(" ")} ended with ${code}: ${messages}`));
        return;
      }
      resolve({
        seconds: (performance.now() - start) / 1000,
        peak: memory.peak(),
        output: output / 1_000_000,
        calls: [...registry.calls.values()].reduce((sum, number) => sum + number, 0),
      });
    });
  });
}

interface Row extends CommandMeasurement {
  readonly command: string;
  readonly size: RegistrySize;
  readonly leastCalls: number;
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  // Bundles the program, which is not measured.
  project.launch(["--help"], {}, "cli/ecr-cache.mjs");
  for (const size of SIZES) {
    const registry = await startRegistry(size);
    try {
      for (const { argv, leastCalls } of COMMANDS) {
        const measured = await run(argv, registry);
        rows.push({ command: argv.join(" "), size, leastCalls: leastCalls(size), ...measured });
      }
    } finally {
      await registry.close();
    }
  }

  const number = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  process.stdout.write(
    formatTable<Row>(
      [
        { title: "COMMAND", value: ({ command }) => command },
        { title: "REPOSITORIES", value: ({ size }) => number(size.repositories), align: "right" },
        {
          title: "IMAGES",
          value: ({ size }) => number(size.repositories * size.imagesEach),
          align: "right",
        },
        { title: "PEAK MB", value: ({ peak }) => number(peak), align: "right" },
        { title: "OUTPUT MB", value: ({ output }) => number(output), align: "right" },
        { title: "CALLS", value: ({ calls }) => number(calls), align: "right" },
        { title: "NEEDED", value: ({ leastCalls }) => number(leastCalls), align: "right" },
        { title: "SECONDS", value: ({ seconds }) => number(seconds), align: "right" },
      ],
      rows,
    ),
  );
  const bad = rows.filter(
    ({ peak, calls, leastCalls }) => peak > MOST_MEMORY || calls > leastCalls,
  );
  console.log(
    `\nWanted: at most ${MOST_MEMORY} MB, and no more calls than are needed: ${bad.length === 0 ? "yes" : "no"}.`,
  );
  if (bad.length > 0) process.exitCode = 1;
}

main()
  .finally(() => {
    rmSync(directory, { recursive: true, force: true });
    project.remove();
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
