import { cacheOf } from "../../ecr/cache-uri";
import { UserError } from "../../ecr/user-error";
import { type EnvironmentOptions, environmentContext } from "../shell/context";
import { printJson } from "../shell/output";
import type { Session } from "../shell/session";
import { configurationOf } from "./formats";
import { mirrorsOf } from "./mirrors";
import { formatNames, type MirrorFormatName } from "./names";

/** Prints a program's configuration on stdout and what it can't on stderr, or with `json` the mirrors themselves. */
export async function printMirrors(
  session: Session,
  { format, json, ...options }: EnvironmentOptions & { format?: MirrorFormatName; json?: true },
): Promise<void> {
  if (format === undefined && !json) {
    throw new UserError(`mirrors needs --format ${formatNames.join("|")}, or --json`);
  }
  const { environment, region } = await environmentContext(options);
  const mirrors = mirrorsOf(cacheOf(environment, region));
  if (format === undefined) {
    printJson(session, mirrors);
    return;
  }
  const { text, notes } = configurationOf(format, mirrors);
  if (text === "")
    throw new UserError([`${format}: no rule of ${environment.name} fits`, ...notes].join("; "));
  session.stdout.write(text);
  for (const note of notes) session.stderr.write(`note: ${note}\n`);
}
