import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  environmentOption,
  findConsumer,
  findEnvironment,
  loadEnvironments,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { recoverJson } from "./json";

interface Options {
  readonly env: string;
  readonly consumer?: string;
  readonly write?: true;
  readonly unlock?: string;
  readonly json?: true;
}

/** `ecr-cache recover`: leads out of an interrupted deployment. */
export function addRecoverCommand(program: Command, session: Session): void {
  program
    .command("recover")
    .description("find what an interrupted deployment left: import, restore, untaint or unlock it")
    .addOption(environmentOption().makeOptionMandatory())
    .option(
      "--consumer <account>",
      "only the stack of this consumer, with credentials of its account",
    )
    .option("--write", "do it, instead of printing it")
    .option("--unlock <id>", "with --write: remove this lock of a state, whose run has ended")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Plans the environment's stacks and compares what they would create with the account, in every region:",
          "  restore  a secret is scheduled for deletion, so that nobody can create one of its name",
          "  import   a resource exists and is not in the state, after a kill or a lost answer",
          "  untaint  a resource was created, but a later step failed, so that Terraform would replace it",
          "  unlock   a run that was killed left the state locked; done only for the lock that --unlock names",
          "",
          "--write changes Terraform's state, and restores secrets; it creates, changes and deletes nothing else. Then deploy.",
          "Needs what a deployment needs; no token.",
        ],
        json: { "--json": recoverJson },
        exitCodes: {
          0: "nothing to recover, or all of it done",
          1: "something is left to do",
        },
        examples: [
          "ecr-cache recover --env prod",
          "ecr-cache recover --env prod --write",
          "ecr-cache recover --env prod --consumer 444444444444",
        ],
      }),
    )
    .action(async ({ env, consumer: account, write, unlock, json }: Options) => {
      if (unlock !== undefined && !write) {
        throw new UserError("--unlock needs --write: without it nothing is changed");
      }
      const environment = findEnvironment(await loadEnvironments(), env);
      const consumer = account === undefined ? undefined : findConsumer(environment, account);
      const { runRecover } = await import("./run");
      const owner = { ...(consumer ?? environment), name: environment.name };
      await withAws(owner, environment.regions[0]!, (aws) =>
        runRecover(session, aws, {
          environment,
          consumer,
          isWriting: write ?? false,
          unlock,
          json: json ?? false,
        }),
      );
    });
}
