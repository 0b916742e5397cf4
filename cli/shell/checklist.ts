import { mapAll } from "../../registry/aws/map-concurrently";
import { type Column, count, printJson, printTable, Progress } from "./output";
import type { Session } from "./session";

/** Items checked concurrently: each takes a call or two, and AWS does not publish how many of them it allows per second. */
const CONCURRENCY = 5;

/** A list of items to check. */
export interface Checklist<Item, Result> {
  readonly items: readonly Item[];
  readonly check: (item: Item) => Promise<Result>;
  /** What a result is called, such as `check`. */
  readonly noun: string;
  /** The state of a result that needs no action, such as `ok`. */
  readonly goodState: string;
  readonly columns: readonly Column<Result>[];
  /** What a result is about, for its remedy. */
  readonly nameOf: (result: Result) => string;
}

/**
 * Checks every item and prints the results as JSON, or as a table with the remedies below it. The exit code is 1 if a
 * result is not in the good state.
 *
 * @param environment The environment's name.
 */
export async function printChecklist<
  Item,
  Result extends { readonly state: string; readonly remedy: string | null },
>(
  session: Session,
  { items, check, noun, goodState, columns, nameOf }: Checklist<Item, Result>,
  environment: string,
  json: boolean,
): Promise<void> {
  const progress = new Progress(session.stderr);
  let done = 0;
  const results = await mapAll(items, CONCURRENCY, async (item) => {
    progress.update(() => `${done} of ${count(items.length, noun)}`);
    const result = await check(item);
    done += 1;
    return result;
  }).finally(() => progress.clear());
  const findings = results.filter(({ state }) => state !== goodState);
  if (findings.length > 0) session.exitCode = 1;
  if (json) {
    printJson(session, results);
    return;
  }
  printTable(session, columns, results);
  if (findings.length > 0) {
    const remedies = findings.map((one) => `- ${nameOf(one)}: ${one.remedy ?? "-"}\n`);
    session.stdout.write(`\nWhat to do:\n${remedies.join("")}`);
  }
  session.stderr.write(
    `${results.length - findings.length} of ${count(results.length, noun)} of environment ${environment} ${goodState}.\n`,
  );
}
