import { Argument, type Command, Option } from "commander";
import { permissionRoles } from "../../ecr/policies/permissions";
import { wholeNumberFrom } from "../shell/options";
import {
  environmentOption,
  findConsumer,
  findEnvironment,
  loadEnvironments,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";

interface Options {
  readonly env: string;
  readonly command?: readonly string[];
  readonly consumer?: string;
  readonly part?: number;
}

/** `ecr-cache permissions`: IAM policies for those who plan, deploy and operate an environment. */
export function addPermissionsCommand(program: Command, session: Session): void {
  program
    .command("permissions")
    .description("print the IAM policy of those who plan, deploy or operate an environment")
    .addArgument(
      new Argument(
        "<role>",
        "plan: read for a plan; deploy: also write; operate: run ecr-cache",
      ).choices(permissionRoles),
    )
    .addOption(environmentOption().makeOptionMandatory())
    .addOption(new Option("--command <name...>", "with operate: only what these commands need"))
    .option(
      "--consumer <account>",
      "with plan and deploy: of the stack of this consumer, in its account",
    )
    .option(
      "--part <number>",
      "which part, of a policy that exceeds IAM's limit of 6,144 characters",
      wholeNumberFrom(1),
    )
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "The policies list actions by name and scope them to what the environment has. They do not include the backend",
          "of the state, nor a customer managed key.",
        ],
        examples: [
          "ecr-cache permissions plan --env prod > plan.json",
          "ecr-cache permissions deploy --env prod --part 2",
          "ecr-cache permissions deploy --env prod --consumer 444444444444",
          "ecr-cache permissions operate --env prod --command warm refresh",
        ],
      }),
    )
    .action(async (role: string, { env, command, consumer: account, part }: Options) => {
      const environment = findEnvironment(await loadEnvironments(), env);
      const consumer = account === undefined ? undefined : findConsumer(environment, account);
      const { printPermissions } = await import("./run");
      printPermissions(environment, { role, commands: command, consumer, part }, session);
    });
}
