import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { formatTable } from "../cli/shell/output";
import type { Environment } from "../ecr/environment";
import { environments } from "../environments";
import { floorData } from "./floor-data";
import { type Measurement, medians, MemoryMeter } from "./measure";
import { scenario } from "./scenario";

/*
 * `npm run bench:synth`: what synthesis costs, as ratios taken in one run, for no machine's seconds mean much on another.
 *
 * - the floor (bench/floor.ts): a flat program that hands the same resources to cdktf, bundled beforehand
 * - the template's way: `npx ts-node main.ts`
 *
 * Every program is a process of its own; the programs of a row take turns, and the median of their runs counts.
 */

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    most: { type: "string", default: "500" },
  },
});
const runs = Number(options.runs);
const sizes = [1, 10, 100, 500].filter((size) => size <= Number(options.most));

const directory = mkdtempSync(join(tmpdir(), "ecr-cache-bench-"));
const floor = join(directory, "floor.cjs");
const memory = new MemoryMeter(directory);

interface Program {
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const appShipped: Program = { command: ["node", "launch.mjs", "main.ts"] };
const appWithoutMaintenance: Program = { command: ["node", "launch.mjs", "bench/shipped.ts"] };
const templateShipped: Program = {
  command: ["npx", "ts-node", "main.ts"],
  env: { TS_NODE_PROJECT: "bench/tsconfig.template.json" },
};
const appOf = (size: number): Program => ({
  command: ["node", "launch.mjs", "bench/app.ts"],
  env: { BENCH_ENVIRONMENTS: String(size) },
});

function floorOf(name: string, data: readonly Environment[]): Program {
  const file = join(directory, `${name}.json`);
  writeFileSync(file, JSON.stringify(data.map(floorData)));
  return { command: ["node", floor], env: { BENCH_DATA: file } };
}

function run({ command: [program, ...args], env }: Program, outdir: string): Measurement {
  memory.reset();
  const start = performance.now();
  execFileSync(program, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      ...env,
      ...memory.variables,
      CDKTF_OUTDIR: outdir,
    },
  });
  return { seconds: (performance.now() - start) / 1000, peak: memory.peak() };
}

/** The medians of programs that take turns; each run writes to a fresh folder. */
function compare(programs: readonly Program[], times = runs): Measurement[] {
  const measured = programs.map((): Measurement[] => []);
  for (let turn = 0; turn < times; turn += 1) {
    programs.forEach((program, index) => {
      const outdir = join(directory, "out");
      rmSync(outdir, { recursive: true, force: true });
      measured[index]!.push(run(program, outdir));
    });
  }
  return measured.map(medians);
}

/** What Terraform reads of a folder of stacks: everything but cdktf's notes about its construct tree. */
function readStacks(outdir: string): unknown {
  const stacks = join(outdir, "stacks");
  return Object.fromEntries(
    readdirSync(stacks).map((stack) => {
      const file = readFileSync(join(stacks, stack, "cdk.tf.json"), "utf8");
      const content: unknown = JSON.parse(file, (key, value: unknown) =>
        key === "//" ? undefined : value,
      );
      return [stack, content];
    }),
  );
}

/** The bytes that a program writes. */
function outputSize(outdir: string): number {
  const stacks = join(outdir, "stacks");
  return readdirSync(stacks)
    .map((stack) => statSync(join(stacks, stack, "cdk.tf.json")).size)
    .reduce((total, size) => total + size, 0);
}

/** A floor that made less would be no floor. */
function assertSameOutput(program: Program, other: Program): void {
  const outdirs = [join(directory, "mine"), join(directory, "floor")] as const;
  run(program, outdirs[0]);
  run(other, outdirs[1]);
  if (!isDeepStrictEqual(readStacks(outdirs[0]), readStacks(outdirs[1]))) {
    throw new Error(
      `the floor makes other resources than the app: compare ${outdirs.join(" and ")}`,
    );
  }
}

const ratio = (value: number) => `${value.toFixed(2)}x`;

async function main(): Promise<void> {
  await build({
    entryPoints: ["bench/floor.ts"],
    bundle: true,
    platform: "node",
    outfile: floor,
    logLevel: "error",
  });
  const floorShipped = floorOf("shipped", environments);
  assertSameOutput(appWithoutMaintenance, floorShipped);
  assertSameOutput(appOf(10), floorOf("check", scenario(10)));

  const [app, without, base, template] = compare([
    appShipped,
    appWithoutMaintenance,
    floorShipped,
    templateShipped,
  ]);
  const bySize = sizes.map((size) => {
    const outdir = join(directory, "size");
    run(appOf(size), outdir);
    const output = outputSize(outdir);
    rmSync(outdir, { recursive: true, force: true });
    // Long runs vary less.
    const times = size >= 100 ? Math.min(runs, 3) : runs;
    const [mine, flat] = compare([appOf(size), floorOf(String(size), scenario(size))], times);
    return { size, output: output / 1024 / 1024, mine: mine!, flat: flat! };
  });

  process.stdout.write(
    formatTable(
      [
        { title: "SHIPPED ENVIRONMENTS", value: ({ what }) => what },
        { title: "RATIO", value: ({ value }) => ratio(value), align: "right" },
        { title: "WANTED", value: ({ wanted }) => wanted },
      ],
      [
        {
          what: "time, app without maintenance to floor",
          value: without!.seconds / base!.seconds,
          wanted: "at most 3x",
        },
        {
          what: "time, app to app without maintenance",
          value: app!.seconds / without!.seconds,
          wanted: "",
        },
        {
          what: "time, template's way to app",
          value: template!.seconds / app!.seconds,
          wanted: "at least 6x",
        },
        {
          what: "peak memory, app without maintenance to floor",
          value: without!.peak / base!.peak,
          wanted: "",
        },
        {
          what: "peak memory, template's way to app",
          value: template!.peak / app!.peak,
          wanted: "",
        },
      ],
    ),
  );

  const [first] = bySize;
  process.stdout.write("\n");
  process.stdout.write(
    formatTable(
      [
        { title: "ENVIRONMENTS", value: ({ size }) => String(size), align: "right" },
        {
          title: "TIME TO FLOOR",
          value: ({ mine, flat }) => ratio(mine.seconds / flat.seconds),
          align: "right",
        },
        {
          title: "PER ADDED STACK",
          value: ({ mine, flat }) =>
            mine === first!.mine
              ? ""
              : ratio((mine.seconds - first!.mine.seconds) / (flat.seconds - first!.flat.seconds)),
          align: "right",
        },
        {
          title: "MEMORY TO FLOOR",
          value: ({ mine, flat }) => ratio(mine.peak / flat.peak),
          align: "right",
        },
        {
          title: "OUTPUT TO FIRST",
          value: ({ output }) => ratio(output / first!.output),
          align: "right",
        },
        {
          title: "MEMORY TO FIRST",
          value: ({ mine }) => ratio(mine.peak / first!.mine.peak),
          align: "right",
        },
      ],
      bySize,
    ),
  );
  console.log(
    "\nWanted: at most 1.3x per added stack; memory that grows no faster than the output.",
  );
}

main()
  .finally(() => rmSync(directory, { recursive: true, force: true }))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
