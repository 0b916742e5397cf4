import { UserError } from "../../ecr/user-error";
import type { Session } from "./session";

/**
 * Reports the names of a batch that can't be worked on: the others are worked on all the same, and the exit code is 1.
 *
 * @param isAll Whether there are no others.
 * @throws UserError with a line for each, if there are no others.
 */
export function reportBadNames(
  session: Session,
  problems: readonly string[],
  isAll: boolean,
): void {
  if (problems.length === 0) return;
  if (isAll) throw new UserError(problems.join("\n"));
  session.exitCode = 1;
  for (const problem of problems) session.stderr.write(`ecr-cache: ${problem}\n`);
}
