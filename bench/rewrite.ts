import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Column, formatTable } from "../cli/shell/output";
import { type Measurement, medians, MemoryMeter } from "./measure";
import { type CorpusSize, writeCorpus } from "./rewrite-sample";

/*
 * `npm run bench:rewrite`: what moving a code base to the cache costs, against reading its files once
 * (bench/rewrite-floor.cjs), synchronously and asynchronously. All are processes of their own and take turns; the median
 * of their runs counts. The same on a tenth of the files shows that memory does not grow with them.
 */

const { values: options } = parseArgs({ options: { runs: { type: "string", default: "5" } } });
const runs = Number(options.runs);

const SIZES: readonly CorpusSize[] = [
  { files: 1_000, bytes: 6_000_000 },
  { files: 10_000, bytes: 60_000_000 },
];

const directory = mkdtempSync(join(tmpdir(), "ecr-cache-bench-"));
const memory = new MemoryMeter(directory);

function measure(args: readonly string[]): Measurement {
  memory.reset();
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, {
    stdio: "ignore",
    env: { ...process.env, ...memory.variables },
  });
  const seconds = (performance.now() - start) / 1000;
  // 1: there are names to rewrite, as there should be.
  if (status !== 0 && status !== 1) throw new Error(`${args.join(" ")} ended with ${status}`);
  return { seconds, peak: memory.peak() };
}

interface Row extends CorpusSize {
  readonly sync: Measurement;
  readonly async: Measurement;
  readonly rewrite: Measurement;
}

function compare(size: CorpusSize): Row {
  const folder = join(directory, `corpus-${size.files}`);
  writeCorpus(folder, size);
  const programs = [
    ["bench/rewrite-floor.cjs", "sync", folder],
    ["bench/rewrite-floor.cjs", "async", folder],
    ["cli/ecr-cache.mjs", "rewrite", folder, "--env", "staging", "--check"],
  ];
  const measured = programs.map((): Measurement[] => []);
  for (let turn = 0; turn < runs; turn += 1) {
    programs.forEach((args, at) => measured[at]!.push(measure(args)));
  }
  rmSync(folder, { recursive: true });
  const [sync, async, rewrite] = measured.map(medians);
  return { ...size, sync: sync!, async: async!, rewrite: rewrite! };
}

const seconds = (number: number) => `${number.toFixed(2)} s`;
const times = (ratio: number) => `${ratio.toFixed(1)} x`;

const columns: readonly Column<Row>[] = [
  { title: "FILES", value: ({ files }) => String(files), align: "right" },
  { title: "MB", value: ({ bytes }) => String(bytes / 1e6), align: "right" },
  { title: "READ SYNC", value: ({ sync }) => seconds(sync.seconds), align: "right" },
  { title: "READ ASYNC", value: (row) => seconds(row.async.seconds), align: "right" },
  { title: "REWRITE", value: ({ rewrite }) => seconds(rewrite.seconds), align: "right" },
  {
    title: "OF SYNC",
    value: ({ sync, rewrite }) => times(rewrite.seconds / sync.seconds),
    align: "right",
  },
  {
    title: "OF ASYNC",
    value: (row) => times(row.rewrite.seconds / row.async.seconds),
    align: "right",
  },
  { title: "PEAK", value: ({ rewrite }) => `${rewrite.peak.toFixed(0)} MB`, align: "right" },
];

try {
  process.stdout.write(formatTable(columns, SIZES.map(compare)));
  console.log(
    "\nWanted: at most 3 x what reading the files asynchronously takes; memory that does not grow with them.",
  );
} finally {
  rmSync(directory, { recursive: true });
}
