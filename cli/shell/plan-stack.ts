import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { hidePasswords } from "../../ecr/problem";
import { UserError } from "../../ecr/user-error";
import { projectDirectory } from "../../launch/project-directory.cjs";
import { Progress } from "./output";
import type { Session } from "./session";

/** Terraform prompts for nothing, and does not call HashiCorp's checkpoint service. */
const UNATTENDED = { TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };

/** Runs a program and returns its output. @throws UserError if it fails, with its messages. */
async function runProgram(
  program: string,
  args: readonly string[],
  directory: string,
  name: string,
): Promise<string> {
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...process.env, ...UNATTENDED },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  try {
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      closed,
    ]);
    if (code === 0) return stdout;
    // Programs print errors to either.
    const messages = hidePasswords((stderr.trim() || stdout.trim()).replace(/\n{2,}/g, "\n"));
    throw new UserError(`${name} exited with code ${code}:\n${messages}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(
      `${program}: there is no such program. Install Terraform, or set TERRAFORM_BINARY_NAME`,
    );
  }
}

/** Where the stacks are synthesized: cdktf's own variable, and its default. */
function stackDirectory(stack: string): string {
  return join(resolve(projectDirectory, process.env.CDKTF_OUTDIR ?? "cdktf.out"), "stacks", stack);
}

/**
 * Synthesizes and plans a stack, and returns the output of `terraform show -json` for the plan. The plan is in a temporary
 * folder, which is deleted at the end: it contains sensitive values.
 *
 * @throws UserError with the messages of a program that fails.
 */
export async function planStack(session: Session, stack: string): Promise<string> {
  const terraform = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
  const progress = new Progress(session.stderr);
  const step = (name: string, program: string, args: readonly string[], directory: string) => {
    progress.clear();
    progress.update(() => `${stack}: ${name} …`);
    return runProgram(program, args, directory, `${stack}: ${name}`);
  };
  const temporary = await mkdtemp(join(tmpdir(), "ecr-cache-plan-"));
  try {
    await step("synthesis", process.execPath, ["launch.mjs", "main.ts"], projectDirectory);
    const directory = stackDirectory(stack);
    if (!existsSync(directory)) {
      throw new UserError(
        `${relative(projectDirectory, directory)}: the synthesis did not write stack ${stack} to this folder. Does main.ts synthesize it?`,
      );
    }
    const plan = join(temporary, "plan.tfplan");
    const inStack = (name: string, ...args: string[]) =>
      step(`terraform ${name}`, terraform, args, directory);
    await inStack("init", "init", "-no-color", "-input=false");
    await inStack("plan", "plan", "-no-color", "-input=false", `-out=${plan}`);
    return await inStack("show", "show", "-json", plan);
  } finally {
    progress.clear();
    await rm(temporary, { recursive: true, force: true });
  }
}
