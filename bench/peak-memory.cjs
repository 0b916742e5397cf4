// Loaded before a measured program (NODE_OPTIONS=--require): leaves its peak memory, in kilobytes, in a file.
const { appendFileSync } = require("node:fs");

process.on("exit", () => {
  appendFileSync(process.env.BENCH_MEMORY_FILE, `${process.resourceUsage().maxRSS}\n`);
});
