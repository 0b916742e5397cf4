import type { Availability } from "../../host/availability";

/**
 * Describes tests that need something which not every machine has. Where it is missing they are skipped and the reason
 * is printed once; where REQUIRE_ALL_TESTS is set (.ci/run does, on a machine that has everything) they fail instead, so that
 * a pipeline cannot lose them unseen.
 */
export function requireOrSkip(need: Availability, name: string, tests: () => void): void {
  if (need.ok) {
    describe(name, tests);
    return;
  }
  if (process.env.REQUIRE_ALL_TESTS) {
    describe(name, () => {
      test("has what it needs", () => {
        throw new Error(need.reason);
      });
    });
    return;
  }
  skip(need.reason, name, tests);
}

/** Skips tests, and prints the reason once. */
export function skip(reason: string, name: string, tests: () => void): void {
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(`${name} (${reason})`, tests);
}
