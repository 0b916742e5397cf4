import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs something with a folder of its own, which is gone afterwards, whatever happens. */
export function inTemporaryDirectory<Result>(action: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-test-"));
  try {
    return action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
