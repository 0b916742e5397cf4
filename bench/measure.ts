import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/* What the benchmarks measure with. */

/** What a program needed. */
export interface Measurement {
  readonly seconds: number;
  /** The most memory that it held, in megabytes. */
  readonly peak: number;
}

/** Learns from Node.js programs how much memory they have needed, by a module that each loads first. */
export class MemoryMeter {
  private readonly file: string;

  /** @param directory Where the programs can leave a file. */
  constructor(directory: string) {
    this.file = join(directory, "memory");
  }

  /** The environment variables of a program that is to be measured. */
  get variables(): Readonly<Record<string, string>> {
    return {
      BENCH_MEMORY_FILE: this.file,
      NODE_OPTIONS: `--require ${join(process.cwd(), "bench/peak-memory.cjs")}`,
    };
  }

  /** Forgets the programs so far. */
  reset(): void {
    rmSync(this.file, { force: true });
  }

  /** The peak of the largest program since then, in megabytes: one may have started others, as npx does. */
  peak(): number {
    const kilobytes = readFileSync(this.file, "utf8").trim().split("\n").map(Number);
    return Math.max(...kilobytes) / 1024;
  }
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** The medians of several runs of a program. */
export function medians(runs: readonly Measurement[]): Measurement {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    peak: median(runs.map(({ peak }) => peak)),
  };
}
