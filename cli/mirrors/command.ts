import { type Command, Option } from "commander";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { helpDetails } from "../shell/help";
import { printJson } from "../shell/output";
import type { Session } from "../shell/session";
import { type MirrorFormat, mirrorFormats, mirrorsOf } from "./formats";
import { mirrorsJson } from "./json";

const formatNames = Object.keys(mirrorFormats);

interface Options extends EnvironmentOptions {
  readonly format?: MirrorFormat;
  readonly json?: true;
}

/** `ecr-cache mirrors`: the cache's names as configuration for other programs. */
export function addMirrorsCommand(program: Command, session: Session): void {
  environmentOptions(program.command("mirrors"))
    .description("print where the cache has each upstream, as configuration for other programs")
    .addOption(new Option("--format <format>", "the program to configure").choices(formatNames))
    .addOption(new Option("--json", "print JSON, in the shape below").conflicts("format"))
    .addHelpText(
      "after",
      helpDetails({
        json: { "--json": mirrorsJson },
        examples: [
          "ecr-cache mirrors --env prod --format renovate",
          "ecr-cache mirrors --env prod --format kyverno | kubectl apply -f -",
          "ecr-cache mirrors --env prod --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const { UserError } = await import("../../ecr/user-error");
      const { format } = options;
      if (format === undefined && !options.json) {
        throw new UserError(`mirrors needs --format ${formatNames.join("|")}, or --json`);
      }
      const { environment, region } = await environmentContext(options);
      const { cacheOf } = await import("../../ecr/cache-uri");
      const mirrors = mirrorsOf(cacheOf(environment, region));
      if (format === undefined) {
        printJson(session, mirrors);
        return;
      }
      const { text, notes } = mirrorFormats[format](mirrors);
      session.stdout.write(text);
      for (const note of notes) session.stderr.write(`note: ${note}\n`);
    });
}
