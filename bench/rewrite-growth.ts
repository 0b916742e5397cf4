import { parseArgs } from "node:util";
import { cacheAt } from "../ecr/cache-uri";
import { type Column, formatTable } from "../cli/shell/output";
import { unifiedDiff } from "../cli/rewrite/diff";
import { Mapper } from "../rewrite/reference";
import { Rewriter } from "../rewrite/rewrite";
import { type HostileFile, hostileFiles } from "../__tests__/support/hostile-files";

/*
 * How the time of `ecr-cache rewrite` grows with a file: each hostile shape, and one that is generated from many
 * snippets, in doubling sizes. Linear is 2 x for each doubling; 4 x is the square.
 */

const { values: options } = parseArgs({
  options: {
    size: { type: "string", default: "4000" },
    doublings: { type: "string", default: "3" },
  },
});
const sizes = Array.from(
  { length: Number(options.doublings) + 1 },
  (_, at) => Number(options.size) * 2 ** at,
);

/** Below this, in milliseconds, a figure says more about the machine than about growth. */
const LEAST = 20;

const SNIPPETS = [
  "image: nginx\n",
  "- ",
  "{a: ",
  "}",
  "[",
  "]",
  "&a ",
  "*a ",
  "'",
  '"',
  "${A:-",
  "$(",
  "|\n  ",
  "\n",
  "FROM $A\n",
  "ARG A=$A\n",
  "---\n",
  "docker run x\n",
  "\\\n",
  "<<E\n",
  "%{ if a }",
  "#",
];

/** A text of snippets in an order that is the same every time. */
function generated(n: number, seed: number): string {
  let state = seed;
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const chosen = SNIPPETS.filter(() => next() < 0.4);
  return Array.from({ length: n }, () => chosen[Math.floor(next() * chosen.length)] ?? "\n").join(
    "",
  );
}

const shapes: readonly HostileFile[] = [
  ...hostileFiles,
  ...[
    "Dockerfile",
    "compose.yaml",
    "kustomization.yaml",
    "task.json",
    "main.tf",
    "buildspec.yml",
  ].flatMap((path) =>
    Array.from({ length: 10 }, (_, seed) => ({
      path,
      name: `generated ${seed}`,
      text: (n: number) => generated(n, seed + 1),
    })),
  ),
];

function measure({ path, text, beside = {} }: HostileFile, size: number): number {
  const before = text(size);
  const files = Object.fromEntries(Object.entries(beside).map(([name, of]) => [name, of(size)]));
  const rewriter = new Rewriter({ mapper: new Mapper(cacheAt("cache.test")) });
  const start = process.cpuUsage();
  const result = rewriter.rewrite(before, { path, readFile: (name) => files[name] }, true);
  if (!result.problem) unifiedDiff(path, before, result.edits);
  // The time of the processor, which others who use the machine change little.
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

interface Row {
  readonly shape: string;
  readonly times: readonly number[];
  /** For each doubling, over the last two of them; undefined where it takes too little time to tell. */
  readonly growth: number | undefined;
}

const rows = shapes.map((shape): Row => {
  measure(shape, sizes[0]!);
  const times = sizes.map((size) => Math.min(...[1, 2, 3].map(() => measure(shape, size))));
  const [last, before] = [times.at(-1)!, times.at(-3) ?? times[0]!];
  return {
    shape: `${shape.path}: ${shape.name}`,
    times,
    growth: last < LEAST ? undefined : Math.sqrt(last / before),
  };
});

const columns: readonly Column<Row>[] = [
  { title: "SHAPE", value: ({ shape }) => shape },
  ...sizes.map((size, at): Column<Row> => ({
    title: `${size} (ms)`,
    value: ({ times }) => times[at]!.toFixed(0),
    align: "right",
  })),
  {
    title: "GROWTH",
    value: ({ growth }) => (growth === undefined ? "-" : `${growth.toFixed(1)} x`),
    align: "right",
  },
];
const sorted = rows.sort((a, b) => (b.growth ?? 0) - (a.growth ?? 0));
process.stdout.write(formatTable(columns, sorted));
console.log("\nWanted: about 2 x for each doubling; - is less than 20 ms at the largest size.");
