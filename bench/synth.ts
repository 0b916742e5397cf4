import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { formatTable } from "../cli/shell/output";
import { environments } from "../environments";
import { type FloorStack, floorStack, type StackJson } from "./floor-input";
import { type Measurement, medians, MemoryMeter } from "./measure";

/*
 * `npm run bench:synth`: what start-up and synthesis cost, as ratios taken in one run, for no machine's seconds mean much
 * on another.
 *
 * - nothing: `node -e 0`
 * - the floor (bench/floor.ts): a flat program that hands the resources of the app to cdktf, bundled beforehand
 * - the template's way: `npx ts-node main.ts`
 *
 * Every program is a process of its own; the programs of a table take turns, and the median of their runs counts.
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
const memory = new MemoryMeter(directory);
let floors = 0;

interface Program {
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const nothing: Program = { command: ["node", "-e", "0"] };
const help: Program = { command: ["node", "cli/ecr-cache.mjs", "--help"] };
const map: Program = {
  command: ["node", "cli/ecr-cache.mjs", "map", "nginx", "--env", environments[0]!.name],
};
const synth: Program = { command: ["node", "launch.mjs", "synth.ts"] };
const app: Program = { command: ["node", "launch.mjs", "main.ts"] };
const template: Program = {
  command: ["npx", "ts-node", "main.ts"],
  env: { TS_NODE_PROJECT: "bench/tsconfig.template.json" },
};
const appOf = (size: number): Program => ({
  command: ["node", "launch.mjs", "bench/app.ts"],
  env: { BENCH_ENVIRONMENTS: String(size) },
});

function run({ command: [program, ...args], env }: Program, outdir: string): Measurement {
  memory.reset();
  const start = performance.now();
  execFileSync(program, args, {
    stdio: ["ignore", "ignore", "pipe"],
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
function readStacks(outdir: string): Readonly<Record<string, StackJson>> {
  const stacks = join(outdir, "stacks");
  return Object.fromEntries(
    readdirSync(stacks).map((stack) => {
      const file = readFileSync(join(stacks, stack, "cdk.tf.json"), "utf8");
      const content = JSON.parse(file, (key, value: unknown) =>
        key === "//" ? undefined : value,
      ) as StackJson;
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

/** Bundles the floor with the bindings that it needs for some stacks. */
async function bundleFloor(file: string, stacks: readonly FloorStack[]): Promise<void> {
  const modules = new Set(stacks.flatMap(({ elements }) => elements.map(({ module }) => module)));
  const names = [...modules].map((module) => JSON.stringify(module));
  await build({
    stdin: {
      resolveDir: process.cwd(),
      contents: `
        import { synthesizeFloor } from "./bench/floor";
        ${names.map((name, n) => `import * as m${n} from "@cdktf/provider-aws/lib/${JSON.parse(name)}";`).join("\n")}
        synthesizeFloor({ ${names.map((name, n) => `${name}: m${n}`).join(", ")} });`,
    },
    bundle: true,
    platform: "node",
    outfile: file,
    logLevel: "error",
  });
}

/** A floor for what a program synthesizes; one that synthesized anything else would be none. */
async function floorOf(program: Program): Promise<Program> {
  floors += 1;
  const [data, file] = [join(directory, `${floors}.json`), join(directory, `${floors}.cjs`)];
  const outdirs = [join(directory, "app"), join(directory, "floor")] as const;
  run(program, outdirs[0]);
  const wanted = readStacks(outdirs[0]);
  const stacks = Object.entries(wanted).map(([name, json]) => floorStack(name, json));
  writeFileSync(data, JSON.stringify(stacks));
  await bundleFloor(file, stacks);

  const floor: Program = { command: ["node", file], env: { BENCH_DATA: data } };
  run(floor, outdirs[1]);
  if (!isDeepStrictEqual(readStacks(outdirs[1]), wanted)) {
    throw new Error(
      `the floor differs from what the app synthesizes: compare ${outdirs.join(" and ")}`,
    );
  }
  for (const outdir of outdirs) rmSync(outdir, { recursive: true });
  return floor;
}

const ratio = (value: number) => `${value.toFixed(2)}x`;

const row = (what: string, program: Measurement, to: Measurement, wanted: string) => ({
  what,
  time: ratio(program.seconds / to.seconds),
  memory: ratio(program.peak / to.peak),
  wanted,
});

async function main(): Promise<void> {
  // Builds what has not been built.
  for (const program of [map, synth, app]) run(program, join(directory, "out"));
  const floor = await floorOf(app);

  const commands = compare([nothing, help, map]);
  const syntheses = compare([floor, synth, app, template]);
  const bySize = [];
  for (const size of sizes) {
    const flatProgram = await floorOf(appOf(size));
    // Long runs vary less.
    const times = size >= 100 ? Math.min(runs, 3) : runs;
    const [mine, flat] = compare([appOf(size), flatProgram], times);
    const output = outputSize(join(directory, "out")) / 1024 / 1024;
    bySize.push({ size, output, mine: mine!, flat: flat! });
  }

  process.stdout.write(
    formatTable(
      [
        { title: "START-UP", value: ({ what }) => what },
        { title: "TIME", value: ({ time }) => time, align: "right" },
        { title: "MEMORY", value: ({ memory }) => memory, align: "right" },
        { title: "WANTED", value: ({ wanted }) => wanted },
      ],
      [
        row("ecr-cache --help to node -e 0", commands[1]!, commands[0]!, ""),
        row("ecr-cache map to node -e 0", commands[2]!, commands[0]!, "at most 3x the time"),
        row(
          "npm run synth, without npm, to floor",
          syntheses[1]!,
          syntheses[0]!,
          "at most 2x the time",
        ),
        row("main.ts to floor", syntheses[2]!, syntheses[0]!, "at most 2x the time"),
        row("template's way to main.ts", syntheses[3]!, syntheses[2]!, "at least 6x the time"),
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

void main().finally(() => rmSync(directory, { recursive: true, force: true }));
