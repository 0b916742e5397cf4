import { type Command, InvalidArgumentError, Option } from "commander";
import { type EnvironmentOptions, environmentOptions } from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { mirrorsJson } from "./json";
import { formatNames, type MirrorFormatName, unsupported } from "./names";

interface Options extends EnvironmentOptions {
  readonly format?: MirrorFormatName;
  readonly json?: true;
}

/** `--format`: one of the formats; for a program that has none, the error is the reason. */
function formatOption(): Option {
  const option = new Option("--format <format>", "the program to configure").choices(formatNames);
  const parse = option.parseArg!;
  return option.argParser((value, previous) => {
    const reason = Object.hasOwn(unsupported, value) ? unsupported[value] : undefined;
    if (reason !== undefined) throw new InvalidArgumentError(reason);
    return parse(value, previous);
  });
}

/** `ecr-cache mirrors`: the cache's names as configuration for other programs. */
export function addMirrorsCommand(program: Command, session: Session): void {
  environmentOptions(program.command("mirrors"))
    .description("print where the cache has each upstream, as configuration for other programs")
    .addOption(formatOption())
    .addOption(new Option("--json", "print JSON, in the shape below").conflicts("format"))
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "What a format cannot do is printed on stderr. docs/mirrors.md has the steps for each.",
          `The reason is printed why there is no format for ${Object.keys(unsupported).join(", ")}.`,
        ],
        json: { "--json": mirrorsJson },
        examples: [
          "ecr-cache mirrors --env prod --format renovate",
          "ecr-cache mirrors --env prod --format kubernetes | kubectl apply -f -",
          "ecr-cache mirrors --env prod --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const { printMirrors } = await import("./run");
      await printMirrors(session, options);
    });
}
