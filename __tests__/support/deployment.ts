import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { EnvironmentInput } from "../../ecr/environment";
import { findProvider } from "../../host/provider-mirror";
import { terraformEnvironment } from "../../host/terraform";
import { terraformBinary } from "../../host/terraform-program";
import type { Sandbox } from "../../sandbox/sandbox";
import { ProjectCopy, type ProjectCopyOptions } from "./project-copy";

/** What a program said and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/** One change of a plan. */
export interface PlannedChange {
  readonly address: string;
  /** What Terraform calls it, such as `create`, `replace` or `import`; for an import with a change `import,update`. */
  readonly actions: string;
}

/**
 * A line of what Terraform prints with `-json`.
 * Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
interface MachineReadable {
  readonly type: string;
  readonly change?: {
    readonly resource: { readonly addr: string };
    readonly action: string;
    readonly importing?: unknown;
  };
}

/**
 * A user's project and their shell: a copy of the project with environments of its own, whose commands work in a
 * sandbox. States are files in the copy unless an environment says otherwise.
 */
export class Deployment {
  private readonly copy: ProjectCopy;
  private readonly env: Readonly<Record<string, string>>;

  constructor(sandbox: Sandbox, options?: ProjectCopyOptions) {
    this.copy = new ProjectCopy(options);
    this.env = {
      ...terraformEnvironment(sandbox.env, findProvider().mirror),
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
    };
  }

  get directory(): string {
    return this.copy.directory;
  }

  /** Replaces the project's environments. */
  setEnvironments(...inputs: readonly EnvironmentInput[]): void {
    const definitions = inputs.map((input) => `defineEnvironment(${JSON.stringify(input)})`);
    this.copy.write(
      "environments/index.ts",
      `import { defineEnvironment } from "../ecr/environment";\n\nexport const environments = [${definitions.join(", ")}];\n`,
    );
  }

  /** `npm run synth` with those environments. */
  synthesize(...inputs: readonly EnvironmentInput[]): void {
    this.setEnvironments(...inputs);
    const { status, stderr } = this.copy.launch(["synth.ts"]);
    if (status !== 0) throw new Error(stderr);
  }

  start(
    program: string,
    args: readonly string[],
    {
      cwd = ".",
      env = {},
      detached = false,
    }: {
      cwd?: string;
      env?: Readonly<Record<string, string>>;
      /** Whether it gets a process group of its own, with which it can be killed with all that it starts. */
      detached?: boolean;
    } = {},
  ): Running {
    const process = spawn(program, args, {
      cwd: join(this.directory, cwd),
      env: { ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached,
    });
    const outcome = Promise.all([
      text(process.stdout),
      text(process.stderr),
      once(process, "close") as Promise<[number | null]>,
    ]).then(([stdout, stderr, [code]]) => ({ code, stdout, stderr }));
    return { process, outcome };
  }

  /** Starts Terraform in the folder of a synthesized stack. */
  startTerraform(
    stack: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Running {
    return this.start(terraformBinary(), args, { cwd: join("cdktf.out", "stacks", stack), env });
  }

  /** Runs Terraform in the folder of a synthesized stack; what it answers is the caller's to judge. */
  async tryTerraform(
    stack: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Outcome> {
    return this.startTerraform(stack, args, env).outcome;
  }

  /** Runs Terraform in the folder of a synthesized stack, and returns what it prints. */
  async terraform(
    stack: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { code, stdout, stderr } = await this.tryTerraform(stack, args, env);
    if (code !== 0) throw new Error(`terraform ${args.join(" ")}: ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  async init(stack: string): Promise<void> {
    await this.terraform(stack, ["init", "-no-color"]);
  }

  async apply(stack: string, env?: Readonly<Record<string, string>>): Promise<void> {
    await this.terraform(stack, ["apply", "-auto-approve", "-no-color"], env);
  }

  async destroy(stack: string, env?: Readonly<Record<string, string>>): Promise<void> {
    await this.terraform(stack, ["destroy", "-auto-approve", "-no-color"], env);
  }

  /** Whether a plan has nothing to do. */
  async isUpToDate(stack: string, env?: Readonly<Record<string, string>>): Promise<boolean> {
    const args = ["plan", "-detailed-exitcode", "-no-color"];
    const { code, stdout, stderr } = await this.tryTerraform(stack, args, env);
    if (code === 0 || code === 2) return code === 0;
    throw new Error(`terraform plan: ${code}\n${stdout}\n${stderr}`);
  }

  /** What a plan would change, sorted by address. The saved plan is in `plan.tfplan`. */
  async plan(stack: string, env?: Readonly<Record<string, string>>): Promise<PlannedChange[]> {
    const lines = await this.terraform(stack, ["plan", "-out=plan.tfplan", "-json"], env);
    return lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as MachineReadable)
      .flatMap(({ type, change }) => (type === "planned_change" && change ? [change] : []))
      .filter(({ resource }) => !resource.addr.startsWith("data."))
      .map(({ resource, action, importing }) => ({
        address: resource.addr,
        actions: importing && action !== "import" ? `import,${action}` : action,
      }))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Runs the real cdktf command line. */
  async cdktf(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome> {
    return this.start("node_modules/.bin/cdktf", args, { env }).outcome;
  }

  write(path: string, text: string): void {
    this.copy.write(path, text);
  }

  read(path: string): string {
    return this.copy.read(path);
  }

  /** The text of every file below a folder of the copy, by path. */
  files(folder: string): Readonly<Record<string, string>> {
    return this.copy.files(folder);
  }

  remove(path?: string): void {
    this.copy.remove(path);
  }
}
