import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { addAllowCommand } from "./allow/command";
import { addBenchCommand } from "./bench/command";
import { addCompletionCommand } from "./completion/command";
import { addCostCommand } from "./cost/command";
import { addCredentialsCommand } from "./credentials/command";
import { addDeployCommand, addDestroyCommand, addDiffCommand } from "./deploy/command";
import { addFindingsCommand } from "./findings/command";
import { addImagesCommand } from "./images/command";
import { addLifecycleCommand } from "./lifecycle/command";
import { addMapCommand } from "./map/command";
import { addMirrorsCommand } from "./mirrors/command";
import { addReviewCommand } from "./review/command";
import { addRewriteCommand } from "./rewrite/command";
import { addRulesCommand } from "./rules/command";
import { addPermissionsCommand } from "./permissions/command";
import { addPruneCommand } from "./prune/command";
import { addPurgeCommand } from "./purge/command";
import { addRecoverCommand } from "./recover/command";
import { addRefreshCommand } from "./refresh/command";
import { addVerifyCommand } from "./verify/command";
import { addWarmCommand } from "./warm/command";
import { configOption, useConfig } from "./shell/context";
import { escapingSink } from "./shell/output";
import { type ExitCode, processSession, type Session } from "./shell/session";

/*
 * The `ecr-cache` command.
 *
 * A new subcommand is a file and a line. The file, `cli/NAME/command.ts`, exports
 *
 *     export function addNameCommand(program: Command, session: Session): void {
 *       environmentOptions(program.command("name"))
 *         .description("what it does, in a few words")
 *         .option("--json", "print JSON")
 *         .addHelpText("after", examples("ecr-cache name --env dev"))
 *         .action(async (options: Options) => {
 *           const { environment, region } = await environmentContext(options);
 *           const { doIt } = await import("./run");
 *           …
 *         });
 *     }
 *
 * and the line names it in `subcommands` below. What it must keep to:
 *
 * - At its top it imports nothing that takes time to load (an SDK client, `js-yaml`, `zod`, the environments); the action
 *   does, with `await import()`. `--help` runs every file's top and no action.
 * - It writes to `session.stdout` and `session.stderr`, never to the console or the process: output.ts has tables,
 *   JSON and progress. Data goes to stdout, all else to stderr.
 * - It ends with 0. Findings set `session.exitCode = 1`. Wrong use and failures that a user can fix are thrown as
 *   `UserError` and become one line and exit code 2; anything else thrown keeps its stack, and is 2 as well.
 */
const subcommands: readonly ((program: Command, session: Session) => void)[] = [
  addMapCommand,
  addRewriteCommand,
  addMirrorsCommand,
  addAllowCommand,
  addImagesCommand,
  addFindingsCommand,
  addRefreshCommand,
  addWarmCommand,
  addBenchCommand,
  addCostCommand,
  addLifecycleCommand,
  addPruneCommand,
  addPurgeCommand,
  addRulesCommand,
  addVerifyCommand,
  addCredentialsCommand,
  addReviewCommand,
  addDiffCommand,
  addDeployCommand,
  addDestroyCommand,
  addRecoverCommand,
  addPermissionsCommand,
  addCompletionCommand,
];

function buildProgram(session: Session): Command {
  const program = new Command("ecr-cache");
  program
    .description(
      "Operate Amazon ECR's pull-through cache: rewrite image names, and inspect, refresh and clean up the cache.",
    )
    .version(version)
    .addOption(configOption())
    .hook("preAction", () => useConfig(program.opts<{ config?: string }>().config))
    .helpCommand(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.stdout.write(text),
      // Commander's errors are thrown too, and printed once, below.
      writeErr: () => undefined,
    });
  for (const add of subcommands) add(program, session);
  return program;
}

/** The line for an error that the user can fix, or undefined for a defect. */
function messageOf(error: unknown, program: Command): string | undefined {
  if (error instanceof CommanderError) {
    if (error.code === "commander.help") {
      const names = program.commands.map((command) => command.name()).join(", ");
      return `a command is required: ${names} (ecr-cache --help)`;
    }
    return error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  }
  // Not instanceof: a test may have loaded the class twice.
  return error instanceof Error && error.name === "UserError" ? error.message : undefined;
}

/**
 * Runs the command.
 *
 * @param argv What follows the command's name.
 * @returns The exit code: 0 done, 1 findings, 2 wrong use or a failure.
 */
export async function main(
  argv: readonly string[],
  given: Session = processSession(),
): Promise<ExitCode> {
  const session: Session = {
    stdout: escapingSink(given.stdout),
    stderr: escapingSink(given.stderr),
    // Node opens it when it is first looked at.
    get stdin() {
      return given.stdin;
    },
    exitCode: 0,
  };
  const program = buildProgram(session);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    session.exitCode = 2;
    const message = messageOf(error, program);
    session.stderr.write(
      message === undefined
        ? `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
        : `ecr-cache: ${message.replaceAll("\n", "\necr-cache: ")}\n`,
    );
  }
  return session.exitCode;
}
