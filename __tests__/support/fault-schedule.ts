import fc from "fast-check";
import type { AwsCall } from "../../sandbox/aws-request";
import type { FaultKind, Faults } from "../../sandbox/faults";

/** What goes wrong once while Terraform applies: at a call by its number among those that write, or by its name. */
export interface ScheduledFault {
  /** `kill`: AWS carries the call out, and Terraform is killed with all that it has started. */
  readonly kind: FaultKind | "kill";
  /** Of the calls that write, from 1. */
  readonly at?: number;
  readonly action?: string;
  readonly region?: string;
}

/** What goes wrong in each stack of an environment, deployed one after the other. */
export interface Schedule {
  /** Where the states are. A server loses what a killed Terraform created, and keeps its lock; a file is written at once. */
  readonly backend: "http" | "local";
  readonly credentials: readonly ScheduledFault[];
  readonly cache: readonly ScheduledFault[];
}

const READING = /^(Get|List|Describe|Head|Simulate|Validate|BatchGet)/;

/** Makes the faults of a schedule happen in a sandbox of this process. The function returned ends that. */
export function follow(
  faults: Faults,
  scheduled: readonly ScheduledFault[],
  kill: () => void,
): () => void {
  let writes = 0;
  const pending = [...scheduled];
  const spy = jest.spyOn(faults, "take").mockImplementation((call: AwsCall) => {
    if (!READING.test(call.action)) writes += 1;
    const index = pending.findIndex(({ at, action, region = call.region }) =>
      at === undefined
        ? action === call.action && region === call.region
        : at === writes && !READING.test(call.action),
    );
    const [{ kind = undefined } = {}] = index < 0 ? [] : pending.splice(index, 1);
    // The provider would try for five minutes to create a function that exists.
    const isEndless = kind === "cut-answer" && call.action === "CreateFunction";
    if (kind !== "kill" && !isEndless) return kind;
    kill();
    return "cut-answer";
  });
  return () => spy.mockRestore();
}

const fault = (calls: number): fc.Arbitrary<ScheduledFault> =>
  fc.record({
    kind: fc.constantFrom("cut-answer", "cut-answer", "cut", "deny", "kill"),
    at: fc.integer({ min: 1, max: calls }),
  });

/** Schedules that a seed gives. `calls` is about how many calls of a stack's deployment write. */
export function generateSchedules(
  seed: number,
  count: number,
  calls: Readonly<Record<"credentials" | "cache", number>>,
): Schedule[] {
  const schedule = fc.record({
    backend: fc.constantFrom("http", "local"),
    credentials: fc.array(fault(calls.credentials), { maxLength: 2 }),
    cache: fc.array(fault(calls.cache), { minLength: 1, maxLength: 5 }),
  });
  return fc.sample(schedule, { seed, numRuns: count });
}
