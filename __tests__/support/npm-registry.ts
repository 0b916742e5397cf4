import { spawnSync } from "node:child_process";
import type { Availability } from "../../host/availability";

/** Whether npm's registry has a package, for tests that install others than the project's. */
export function findPackage(name: string): Availability {
  const { status } = spawnSync("npm", ["view", name, "version"], { encoding: "utf8" });
  return status === 0
    ? { ok: true }
    : { ok: false, reason: `the npm registry has no ${name}, or does not answer` };
}
