import { Argument, type Command } from "commander";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { type Shell, SHELLS } from "./shells";

/** `ecr-cache completion`: scripts with which shells complete the words of the command. */
export function addCompletionCommand(program: Command, session: Session): void {
  program
    .command("completion")
    .description("print a script with which a shell completes these commands")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .argument(
      "[words...]",
      "the words so far: prints what the last one may become, as the script asks",
    )
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "The script completes commands, options, their values, environments and regions. It runs ecr-cache, so that must be",
          "a program or function of the shell.",
        ],
        examples: [
          'eval "$(ecr-cache completion bash)"',
          'eval "$(ecr-cache completion zsh)"',
          "ecr-cache completion fish | source",
        ],
      }),
    )
    .action(async (shell: Shell, words: readonly string[]) => {
      const { complete, scripts } = await import("./run");
      const printed =
        words.length === 0
          ? scripts[shell]
          : (await complete(program, words)).map((word) => `${word}\n`).join("");
      session.stdout.write(printed);
    });
}
