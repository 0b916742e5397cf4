import type { Command } from "commander";
import { environmentContext, environmentOption } from "../shell/context";
import { helpDetails } from "../shell/help";
import { excludeOption } from "../shell/options";
import type { Session } from "../shell/session";
import { allowJson } from "./json";

interface Options {
  readonly env: string;
  readonly fromRewrite: readonly string[];
  readonly exclude: readonly string[];
  readonly json?: true;
}

/** `ecr-cache allow`: the lists of `only` that a code base needs. */
export function addAllowCommand(program: Command, session: Session): void {
  program
    .command("allow")
    .description("print the lists of `only` that the images of a code base need, rule by rule")
    .addOption(environmentOption().makeOptionMandatory())
    .requiredOption(
      "--from-rewrite <path...>",
      "files and folders, which are read as by rewrite; images in the cache's names count, too",
    )
    .addOption(excludeOption())
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Names that depend on a variable, and images that nothing in the code base names, such as those of Helm charts, are not",
          "in the lists. What the environment's lists have beyond them, or lack, is said below.",
        ],
        json: { "--json": allowJson },
        exitCodes: { 2: "wrong use, or a file could not be read" },
        examples: [
          "ecr-cache allow --env prod --from-rewrite .",
          "ecr-cache allow --env prod --from-rewrite k8s/ ../team/ --json",
        ],
      }),
    )
    .action(async ({ fromRewrite, exclude, json, ...options }: Options) => {
      const context = await environmentContext(options);
      const { runAllow } = await import("./run");
      runAllow(session, context, { paths: fromRewrite, exclude, json: json ?? false });
    });
}
