import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { hidePasswords } from "../../ecr/problem";
import { GUARD } from "../../ecr/singletons";
import { UserError } from "../../ecr/user-error";
import { requireProject } from "./context";
import { terraformBinary } from "../../host/terraform-program";
import { projectDirectory } from "../../launch/project-directory.cjs";
import { interruptible } from "./interruption";
import { Progress } from "./output";
import { failureOf, type Invocation, type ProgramResult, runProgram } from "./run-program";
import type { Session } from "./session";

/** Terraform prompts for nothing, and does not call HashiCorp's checkpoint service. */
const UNATTENDED = { TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };

const EXTRA_FILE = "ecr-cache-recover.tf.json";

/** Only this user may read and write. */
const PRIVATE = 0o600;

/** Terraform's messages without the frame around them and its line breaks. */
export const unframed = (text: string) => text.replaceAll(/[│╷╵\s]+/g, " ");

/** What Terraform says where the guard of a registry policy has no policy to import. */
const NO_REGISTRY_POLICY = new RegExp(
  `Cannot import non-existent remote object[^"]*"aws_ecr_registry_policy\\.([a-z0-9-]+)_${GUARD}"`,
  "g",
);

/** The error of a plan; where nothing but registry policies are missing, with what to do. */
function explainPlan(stack: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const message = unframed(error.message);
  const missing = [...message.matchAll(NO_REGISTRY_POLICY)].map(([, region]) => region);
  if (missing.length === 0 || missing.length < message.split("Error: ").length - 1) return error;
  const regions = [...new Set(missing)].sort().join(", ");
  return new UserError(
    `${stack}: there is no registry policy in ${regions}, so no statements of others to keep. Set access.registryStatements in the environment to those of its other regions, or to [], and leave "registry-policy" out of adopt`,
    { cause: error },
  );
}

/** A plan that Terraform saved in a file. */
export interface SavedPlan {
  readonly stack: string;
  /** The file, which holds sensitive values; it is deleted with the run. */
  readonly path: string;
  /** The output of `terraform show -json`. */
  readonly json: string;
}

/** Variables of a stack, by name. They reach Terraform through its environment, and no argument or file. */
export type StackVariables = Readonly<Record<string, string>>;

const asEnvironment = (variables: StackVariables) =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [`TF_VAR_${name}`, value]));

/** Where the stacks are synthesized: cdktf's own variable, and its default. */
function stackDirectory(stack: string): string {
  return join(resolve(projectDirectory, process.env.CDKTF_OUTDIR ?? "cdktf.out"), "stacks", stack);
}

/** Terraform in the folders of synthesized stacks; `withTerraform` gives one. */
export class StackTerraform {
  private readonly progress: Progress;

  constructor(
    private readonly session: Session,
    /** For what is deleted with the run. */
    private readonly temporary: string,
    readonly interruption: AbortSignal,
  ) {
    this.progress = new Progress(session.stderr);
  }

  /** Synthesizes every stack, in a process of its own. @throws UserError with the messages of the synthesis. */
  async synthesize(): Promise<void> {
    requireProject("review or deploy");
    await this.finish({
      title: "synthesis",
      program: process.execPath,
      args: ["launch.mjs", "main.ts"],
      directory: projectDirectory,
      env: {},
    });
  }

  /** Prepares the folder of a synthesized stack. @throws UserError with Terraform's messages. */
  async init(stack: string): Promise<void> {
    const directory = stackDirectory(stack);
    if (!existsSync(directory)) {
      throw new UserError(
        `${relative(projectDirectory, directory)}: the synthesis did not write stack ${stack} to this folder. Does main.ts synthesize it?`,
      );
    }
    // That of a run that was killed.
    await this.removeExtraFile(stack);
    await this.run(stack, ["init", "-no-color", "-input=false"]);
  }

  /**
   * Plans a stack that is initialized, and saves the plan.
   *
   * @param args More arguments, such as `-destroy`.
   * @throws UserError with Terraform's messages.
   */
  async plan(
    stack: string,
    variables: StackVariables = {},
    args: readonly string[] = [],
  ): Promise<SavedPlan> {
    const path = join(this.temporary, `${stack}.tfplan`);
    try {
      await this.run(
        stack,
        ["plan", "-no-color", "-input=false", `-out=${path}`, ...args],
        variables,
      );
    } catch (error) {
      throw explainPlan(stack, error);
    }
    await chmod(path, PRIVATE);
    return { stack, path, json: await this.run(stack, ["show", "-json", path]) };
  }

  /**
   * Applies a saved plan, and prints what Terraform does while it does it.
   *
   * @throws UserError if it fails, or is interrupted; its state is written then, too.
   */
  async apply({ stack, path }: SavedPlan, variables: StackVariables = {}): Promise<void> {
    this.progress.clear();
    await this.finish({
      ...this.invocation(stack, ["apply", "-no-color", "-input=false", path], variables),
      onLine: (line) => this.session.stderr.write(`${hidePasswords(line)}\n`),
    });
  }

  /** Runs Terraform in the folder of a stack; what it answers is the caller's to judge. */
  async attempt(
    stack: string,
    args: readonly string[],
    variables: StackVariables = {},
  ): Promise<ProgramResult> {
    return this.execute(this.invocation(stack, args, variables));
  }

  /** A file of the stack's configuration that only this run has. */
  extraFile(stack: string): string {
    return join(stackDirectory(stack), EXTRA_FILE);
  }

  async removeExtraFile(stack: string): Promise<void> {
    await rm(this.extraFile(stack), { force: true });
  }

  /** Runs Terraform in the folder of a stack, and returns what it prints. @throws UserError with its messages. */
  async run(
    stack: string,
    args: readonly string[],
    variables: StackVariables = {},
  ): Promise<string> {
    const { stdout } = await this.finish(this.invocation(stack, args, variables));
    return stdout;
  }

  /** Deletes what the run saved. */
  async end(): Promise<void> {
    this.progress.clear();
    await rm(this.temporary, { recursive: true, force: true });
  }

  private invocation(
    stack: string,
    args: readonly string[],
    variables: StackVariables,
  ): Omit<Invocation, "interruption"> {
    return {
      title: `${stack}: terraform ${args[0]}`,
      program: terraformBinary(),
      args,
      directory: stackDirectory(stack),
      env: { ...UNATTENDED, ...asEnvironment(variables) },
    };
  }

  private async execute(invocation: Omit<Invocation, "interruption">): Promise<ProgramResult> {
    this.progress.clear();
    if (!invocation.onLine) this.progress.update(() => `${invocation.title} …`);
    const result = await runProgram({ ...invocation, interruption: this.interruption });
    this.progress.clear();
    return result;
  }

  private async finish(invocation: Omit<Invocation, "interruption">): Promise<ProgramResult> {
    const result = await this.execute(invocation);
    if (result.code !== 0) throw failureOf(invocation, result);
    return result;
  }
}

/**
 * Works with Terraform. What it saves is in a private temporary folder, which is deleted at the end, also after a failure or
 * an interruption.
 */
export function withTerraform<Result>(
  session: Session,
  work: (terraform: StackTerraform) => Promise<Result>,
): Promise<Result> {
  return interruptible(async (interruption) => {
    // mkdtemp creates a folder that only this user can enter.
    const temporary = await mkdtemp(join(tmpdir(), "ecr-cache-plan-"));
    const terraform = new StackTerraform(session, temporary, interruption);
    try {
      return await work(terraform);
    } finally {
      await terraform.end();
    }
  });
}
