import type { Command } from "commander";
import { MIN_UNPULLED_DAYS, PRUNE_DEFAULTS } from "../../ecr/prune-defaults";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";
import { pruneJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly unpulledFor?: number;
  readonly keepAtLeast?: number;
  readonly yes?: true;
  readonly json?: true;
}

/** `ecr-cache prune`: deletes cached images that nobody pulls. */
export function addPruneCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("prune"))
    .description("list or delete cached images that nobody has pulled for some time")
    .option(
      "--unpulled-for <days>",
      `images that nobody has pulled for this many days; images never pulled count from when they were stored (default: prune.unpulledForDays of the environment, or ${PRUNE_DEFAULTS.unpulledForDays})`,
      wholeNumberFrom(MIN_UNPULLED_DAYS),
    )
    .option(
      "--keep-at-least <number>",
      `images and indexes that stay in each repository whatever their age: those used last (default: prune.keepAtLeast of the environment, or ${PRUNE_DEFAULTS.keepAtLeast})`,
      wholeNumberFrom(0),
    )
    .option("--yes", "delete them; without it nothing is deleted")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "ECR's lifecycle policies can't expire images by their last pull. A pull after the deletion fetches the image from",
          "the upstream again, if the upstream still has it: what must stay is pinned by digest there, or pulled now and then.",
          "",
          "ECR records the last pull at most once a day, for every caller: scanners, `verify --pull`, `cost --layers`, `warm`",
          "and `refresh` count as users. Exclude their roles (docs/operations.md, Pruning): prune.pullTimeUpdateExclusions.",
          "An image that an index in use lists is kept; a dry run counts it, because only reading the index would tell. An image",
          "that `refresh` has kept by a rescue tag stays, and so does a repository that nothing proves to be the cache's.",
          "",
          "STATUS: found, pruned, kept and failed (the reasons are on standard error).",
        ],
        json: { "--json": pruneJson },
        exitCodes: {
          1: "some images could not be deleted",
          2: "wrong use, or a region could not be read",
        },
        examples: [
          "ecr-cache prune --env prod",
          "ecr-cache prune --env prod --unpulled-for 180 --keep-at-least 3 --yes",
          "ecr-cache prune --env prod --region eu-west-1 --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { unpulledFor, keepAtLeast, yes, json } = options;
      const { prune = PRUNE_DEFAULTS } = context.environment;
      const { runPrune } = await import("./run");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runPrune(session, aws, {
          ...context,
          unpulledForDays: unpulledFor ?? prune.unpulledForDays,
          keepAtLeast: keepAtLeast ?? prune.keepAtLeast,
          isDeleting: yes ?? false,
          json: json ?? false,
        }),
      );
    });
}
