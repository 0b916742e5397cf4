import { main } from "../../cli/main";
import type { Session } from "../../cli/shell/session";
import { withPermissions } from "./permitted-calls";

/** What a run of the command has written, and how it has ended. */
export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs `ecr-cache ARGUMENT…` in this process, with no other calls than its policy allows. */
export async function run(...argv: readonly string[]): Promise<Run> {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const session: Session = { stdout: sink("stdout"), stderr: sink("stderr"), exitCode: 0 };
  const exitCode = await withPermissions(argv[0] ?? "", () => main(argv, session));
  return { ...written, exitCode };
}
