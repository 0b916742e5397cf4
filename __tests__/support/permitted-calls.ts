import { type OperatedCommand, operations } from "../../ecr/policies/operators";
import type { CallCount, CallLog } from "../../sandbox/calls";

/*
 * Every test of a command checks that `ecr-cache permissions operate` allows what the command calls.
 */

let log: CallLog | undefined;

/** From now on, runs of commands are compared with the calls of this log; without one, with none. */
export function watchCalls(calls: CallLog | undefined): void {
  log = calls;
}

/** Needs no permission (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html). */
const FREE = "sts:GetCallerIdentity";
/** The prefix of a service's actions in policies, where it is not its signing name. */
const SERVICES: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

const numberOf = (counts: readonly CallCount[], { service, action, region }: CallCount) =>
  counts.find((one) => one.service === service && one.action === action && one.region === region)
    ?.count ?? 0;

/** Runs a command; afterwards each call that it made must be one that its policy allows. */
export async function withPermissions<Result>(
  command: string,
  run: () => Promise<Result>,
): Promise<Result> {
  const before = log?.list() ?? [];
  const result = await run();
  if (!log || !Object.hasOwn(operations, command)) return result;
  const allowed = new Set<string>(
    Object.values(operations[command as OperatedCommand]).flat() as string[],
  );
  const called = log
    .list()
    .filter((call) => call.count > numberOf(before, call))
    // Registries of upstreams are called without permissions.
    .filter(({ region }) => region !== "")
    .map(({ service, action }) => `${SERVICES[service] ?? service}:${action}`);
  const missing = [...new Set(called)].filter((name) => name !== FREE && !allowed.has(name));
  expect({ command, missing }).toEqual({ command, missing: [] });
  return result;
}
