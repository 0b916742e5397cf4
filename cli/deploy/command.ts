import type { Command } from "commander";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import type { ApplyOptions, DiffOptions } from "./run";

/** What the commands have in common. */
function stackCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("<env>", "an environment; or one stack: ENV-credentials or ENV-consumer-ACCOUNT")
    .option("--no-credentials", "leave the credentials stack out")
    .option("--no-consumers", "leave the stacks of consumers out");
}

const TOKENS = [
  "Tokens are needed only where the plan writes them: for new secrets, and where credential.version was raised. They come",
  "from TF_VAR_… variables (npm run synth prints their names); on a terminal, those that are not set are asked for, and not",
  "shown. They are in no file, plan, state or argument.",
];

const CONSUMERS = [
  "The stack of a consumer (access.consumers) is in another account. Where the consumer has an assumeRole or a profile, it",
  "is one of the environment's stacks; otherwise name it, with credentials of its account.",
];

const PROGRAMS = [
  "Terraform runs in cdktf.out/stacks with its own settings and credentials; TERRAFORM_BINARY_NAME names another program.",
];

/** `ecr-cache diff`: the plans of an environment's stacks, read for a reviewer. */
export function addDiffCommand(program: Command, session: Session): void {
  stackCommand(program, "diff", "plan an environment's stacks, and print Markdown, risks first")
    .option("--fail-on-risk", "exit with 1 if there are risks")
    .option("--fail-on-change", "exit with 1 if a stack would change")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Synthesizes, and prints what `review` prints for each stack. Nothing is applied, and no token is needed.",
          "",
          ...CONSUMERS,
          "",
          ...PROGRAMS,
        ],
        exitCodes: { 1: "with --fail-on-risk or --fail-on-change: there are some" },
        examples: ["ecr-cache diff prod", "ecr-cache diff prod --fail-on-change"],
      }),
    )
    .action(async (name: string, options: DiffOptions) => {
      const { runDiff } = await import("./run");
      await runDiff(session, name, options);
    });
}

/** `ecr-cache deploy`: applies the plans that were shown. */
export function addDeployCommand(program: Command, session: Session): void {
  stackCommand(program, "deploy", "plan an environment's stacks, and apply each plan as shown")
    .option("--auto-approve", "apply without asking")
    .option("--fail-on-risk", "exit with 1 if there are risks, and do not apply that plan")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Synthesizes, then plans the credentials stack, the cache's stack and those of consumers, one after the other. Each",
          "plan is printed as by `review`, and after your approval exactly this plan is applied. It is in a private temporary file,",
          "which is always deleted. Ctrl-C or SIGTERM lets Terraform finish what it has begun and write its state.",
          "",
          ...TOKENS,
          "",
          ...CONSUMERS,
          "",
          ...PROGRAMS,
        ],
        exitCodes: {
          0: "deployed, or nothing to change",
          1: "with --fail-on-risk: there are risks, and that stack was not changed",
          2: "wrong use, no approval, an interruption or a failure",
        },
        examples: [
          "ecr-cache deploy prod",
          "ecr-cache deploy prod --auto-approve --fail-on-risk",
          "ecr-cache deploy prod-credentials",
          "ecr-cache deploy prod-consumer-444444444444",
        ],
      }),
    )
    .action(async (name: string, options: ApplyOptions) => {
      const { runApply } = await import("./run");
      await runApply(session, name, options, false);
    });
}

/** `ecr-cache destroy`: destroys an environment's stacks. */
export function addDestroyCommand(program: Command, session: Session): void {
  stackCommand(program, "destroy", "plan to destroy an environment's stacks, and do it as shown")
    .option("--auto-approve", "destroy without asking for the environment's name")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Destroys the stacks of consumers, the cache's stack, then the credentials stack, each after you have seen its plan and",
          "typed the environment's name. No token is needed. Repositories that pulls created remain (ecr-cache purge), and so do,",
          "for their recovery window, deleted secrets.",
          "",
          ...CONSUMERS,
          "",
          ...PROGRAMS,
        ],
        exitCodes: {
          0: "destroyed, or nothing to destroy",
          2: "wrong use, no approval, an interruption or a failure",
        },
        examples: [
          "ecr-cache destroy dev",
          "ecr-cache destroy dev --no-credentials --auto-approve",
        ],
      }),
    )
    .action(async (name: string, options: ApplyOptions) => {
      const { runApply } = await import("./run");
      await runApply(session, name, options, true);
    });
}
