import { buildSync } from "esbuild";
import { unzipSync } from "fflate";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../cli/shell/output";
import { makeLambdaZip } from "../reconcile/lambda/bundle";
import { median } from "./measure";

/*
 * `node launch.mjs bench/lambda-load.ts`: what a cold start of the maintenance functions spends on their code, that is
 * loading it in a fresh Node.js: once as it is deployed, with the AWS SDK in it, and once with the SDK left to be loaded
 * from its packages, as from Lambda's runtime. The two take turns, and the median of their runs counts.
 */

const { values: options } = parseArgs({ options: { runs: { type: "string", default: "15" } } });
const runs = Number(options.runs);

/** Milliseconds to load a file in a process of its own. */
function loadTime(file: string): number {
  const program = `const start = performance.now();
    require(${JSON.stringify(file)});
    process.stdout.write(String(performance.now() - start));`;
  return Number(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
}

function main(): void {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-bench-"));
  // Packages are found from here.
  const external = join(process.cwd(), ".lambda-load.cjs");
  try {
    const zip = makeLambdaZip();
    const bundled = join(directory, "index.js");
    writeFileSync(bundled, unzipSync(zip)["index.js"]!);
    buildSync({
      entryPoints: ["reconcile/lambda/lambda.ts"],
      bundle: true,
      outfile: external,
      platform: "node",
      target: "node22",
      format: "cjs",
      mainFields: ["module", "main"],
      external: ["@aws-sdk/*"],
      minify: true,
      logLevel: "error",
    });

    const times = { bundled: [] as number[], external: [] as number[] };
    for (let run = 0; run < runs; run += 1) {
      times.bundled.push(loadTime(bundled));
      times.external.push(loadTime(external));
    }
    const start = performance.now();
    makeLambdaZip();
    const made = performance.now();

    process.stdout.write(
      formatTable(
        [
          { title: "MAINTENANCE FUNCTIONS", value: ([what]) => what },
          { title: "VALUE", value: ([, value]) => value, align: "right" },
        ],
        [
          ["zip file", `${(zip.length / 1000).toFixed(0)} kB`],
          ["its code", `${(statSync(bundled).size / 1000).toFixed(0)} kB`],
          [
            "time to load, SDK left out to SDK in it",
            `${(median(times.external) / median(times.bundled)).toFixed(2)}x`,
          ],
          [
            "time to make the zip file anew, to loading it",
            `${((made - start) / median(times.bundled)).toFixed(1)}x`,
          ],
        ] as [string, string][],
      ),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(external, { force: true });
  }
}

main();
