import { type Command, Option } from "commander";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { examples } from "../shell/help";
import { printJson } from "../shell/output";
import type { Session } from "../shell/session";

/** What `--format` may be: the names in rewrite/mirrors.ts, which is not loaded for `--help`. */
export const MIRROR_FORMATS = ["renovate", "kyverno", "helm", "containerd", "buildkit"] as const;

interface Options extends EnvironmentOptions {
  readonly format?: (typeof MIRROR_FORMATS)[number];
  readonly json?: true;
}

/** `ecr-cache mirrors`: the cache's names in the words of other programs. */
export function addMirrorsCommand(program: Command, session: Session): void {
  environmentOptions(program.command("mirrors"))
    .description("print which registry is found where in the cache, as other programs want it")
    .addOption(new Option("--format <format>", "the program").choices(MIRROR_FORMATS))
    .addOption(
      new Option(
        "--json",
        "print a JSON array of { title, hosts, upstreamPrefix?, cache }",
      ).conflicts("format"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache mirrors --env prod --format renovate",
        "ecr-cache mirrors --env prod --format kyverno | kubectl apply -f -",
        "ecr-cache mirrors --env prod --json",
      ),
    )
    .action(async (options: Options) => {
      const { UserError } = await import("../../ecr/user-error");
      const { format } = options;
      if (format === undefined && !options.json) {
        throw new UserError(
          `found neither --format nor --json; allowed: --format ${MIRROR_FORMATS.join("|")}, or --json`,
        );
      }
      const { environment, region } = await environmentContext(options);
      const { cacheOf } = await import("../../ecr/cache-uri");
      const { mirrorFormats, mirrorsOf } = await import("./formats");
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
