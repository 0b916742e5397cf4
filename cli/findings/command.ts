import { type Command, Option } from "commander";
import { SEVERITIES, type Severity } from "../../ecr/scanning";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";
import { findingsJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly used?: number;
  readonly failOn?: string;
  readonly json?: true;
}

const levels = SEVERITIES.map((severity) => severity.toLowerCase());

/** `ecr-cache findings`: the vulnerabilities that scans found in cached images. */
export function addFindingsCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("findings"))
    .description("list the vulnerabilities that scans found in cached images")
    .argument(
      "[pattern]",
      "part of a repository's name, or REPOSITORY[:TAG] with * for any characters",
    )
    .option(
      "--used <days>",
      "only images that somebody pulled in this many days, and those without a tag beside an index that somebody pulled",
      wholeNumberFrom(1),
    )
    .addOption(
      new Option(
        "--fail-on <severity>",
        "exit with 1 if an image has a finding of this severity or a worse one",
      ).choices(levels),
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "ECR scans images, not the indexes that list them: an image of several architectures has a row for each, without a",
          "tag. Signatures and the like have none. Each image takes one call. What is scanned, says `scanning` of the",
          "environment; nothing is scanned without a rule of the registry's scanning configuration.",
        ],
        json: { "--json": findingsJson },
        exitCodes: {
          1: "an image has a finding of the severity of --fail-on, or a worse one",
          2: "wrong use, or a region could not be read",
        },
        examples: [
          "ecr-cache findings --env prod",
          "ecr-cache findings 'docker-hub/library/*' --env prod --used 30 --fail-on high",
          "ecr-cache findings nginx --env prod --region eu-west-1 --json",
        ],
      }),
    )
    .action(async (pattern: string | undefined, options: Options) => {
      const context = await environmentRegionsContext(options);
      const { runFindings } = await import("./run");
      const { used, failOn, json } = options;
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runFindings(session, aws, {
          ...context,
          pattern,
          usedDays: used,
          failOn: failOn?.toUpperCase() as Severity | undefined,
          json: json ?? false,
        }),
      );
    });
}
