import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { hidePasswords } from "../../ecr/problem";
import { UserError } from "../../ecr/user-error";

/** A program to run. */
export interface Invocation {
  /** What is done, for messages, such as `prod: terraform plan`. */
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** Variables beside this process's. */
  readonly env: Readonly<Record<string, string>>;
  readonly interruption: AbortSignal;
  /** Takes what the program prints, by lines, as soon as it does. Default: it is returned, or is part of the error. */
  readonly onLine?: (line: string) => void;
}

/** How a program ended. */
export interface ProgramResult {
  readonly code: number | null;
  /** What it printed; empty where `onLine` took it. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end. An interruption is passed on once, and the end waited for: a second one makes Terraform exit
 * without writing its state. So that Ctrl-C reaches it no other way, it has a process group of its own.
 *
 * @throws UserError if there is no such program, or it was interrupted.
 */
export async function runProgram({
  title,
  program,
  args,
  directory,
  env,
  interruption,
  onLine,
}: Invocation): Promise<ProgramResult> {
  interruption.throwIfAborted();
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  // Terraform ends in order on SIGINT and on SIGTERM, not on SIGHUP.
  const pass = () => child.kill("SIGINT");
  interruption.addEventListener("abort", pass);
  const closed = once(child, "close") as Promise<[number | null]>;
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    if (!onLine) return text(stream);
    for await (const line of createInterface({ input: stream })) onLine(line);
    return "";
  };
  try {
    const [stdout, stderr, [code]] = await Promise.all([
      read(child.stdout),
      read(child.stderr),
      closed,
    ]);
    if (interruption.aborted) {
      const { message } = interruption.reason as UserError;
      throw new UserError(`${title} was ${message}`);
    }
    return { code, stdout, stderr };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(
      `${program}: there is no such program. Install Terraform, or set TERRAFORM_BINARY_NAME`,
    );
  } finally {
    interruption.removeEventListener("abort", pass);
  }
}

/** What a program that failed has to say: all of it, without passwords. Programs print errors to either stream. */
export function failureOf(
  { title }: Pick<Invocation, "title">,
  { code, stdout, stderr }: ProgramResult,
): UserError {
  const messages = hidePasswords((stderr.trim() || stdout.trim()).replace(/\n{2,}/g, "\n"));
  return new UserError(`${title} exited with code ${code}${messages && `:\n${messages}`}`);
}
