import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../ecr/user-error";

/** Signals that request an end, and are passed on. */
const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How long processes that outlive their command may take to end, in milliseconds. */
const LEFTOVERS = 10_000;

/** Milliseconds. npm passes on signals that its process group has received already: two within this time are one. */
const SAME_SIGNAL = 1000;

/**
 * Runs a command with this terminal and an environment, and returns its exit code; for one that a signal has ended,
 * 128 and the signal's number, as a shell would.
 *
 * While it runs, this process outlives the signals that request an end, so that a deployment can end in order: the
 * command gets each of them once. With a terminal, Ctrl-C reaches it without our help; otherwise it has a process group
 * of its own, to which we forward signals, and which is empty in the end.
 *
 * @param onLine takes what the command prints, a line at a time; the command has no terminal then
 * @throws UserError where there is no such program.
 */
export function runCommand(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  onLine?: (line: string) => void,
): Promise<number> {
  const [program = "", ...args] = command;
  const hasTerminal = process.stdin.isTTY && !onLine;
  return new Promise((resolve, reject) => {
    const output = onLine ? "pipe" : "inherit";
    const child = spawn(program, args, {
      stdio: [onLine ? "ignore" : "inherit", output, output],
      env,
      detached: !hasTerminal,
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream && onLine) createInterface({ input: stream }).on("line", onLine);
    }
    let last = 0;
    const pass = (signal: NodeJS.Signals) => {
      if (child.pid === undefined || (hasTerminal && signal === "SIGINT")) return;
      const now = Date.now();
      if (now - last < SAME_SIGNAL) return;
      last = now;
      if (hasTerminal) child.kill(signal);
      else process.kill(-child.pid, signal);
    };
    for (const signal of ENDINGS) process.on(signal, pass);
    const rest = () => {
      for (const signal of ENDINGS) process.off(signal, pass);
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      rest();
      const isMissing = error.code === "ENOENT" || error.code === "EACCES";
      reject(isMissing ? new UserError(`${program}: found no such program`) : error);
    });
    // Not "exit": the last lines may come after it.
    child.once("close", (code, signal) => {
      rest();
      const result = code ?? 128 + (signal ? constants.signals[signal] : 0);
      if (hasTerminal) resolve(result);
      else endGroup(child.pid).then(() => resolve(result), reject);
    });
  });
}

/** Ends what is left of a process group: an interrupted cdktf CLI does not end its Terraform. */
async function endGroup(group: number | undefined): Promise<void> {
  if (group === undefined) return;
  const send = (signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(-group, signal);
    } catch {
      return false;
    }
  };
  const deadline = Date.now() + LEFTOVERS;
  while (send(0)) {
    if (Date.now() > deadline) send("SIGKILL");
    await wait(50);
  }
}
