import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { refreshJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly dryRun?: true;
  readonly force?: true;
  readonly deleteOld?: true;
  readonly json?: true;
}

/** `ecr-cache refresh`: renews the cached copy of tags. */
export function addRefreshCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("refresh"))
    .description("renew the cached copy of tags now, instead of when ECR next asks the upstream")
    .argument(
      "<image...>",
      "images with a tag, by their upstream names or their names in the cache",
    )
    .option("--dry-run", "show what would be done, and change nothing")
    .option(
      "--force",
      "continue even if the upstream does not answer or has the same image, or the old image can't be kept during the pull",
    )
    .option(
      "--delete-old",
      "delete the old image, and the images that only it lists, if it has no other tag (default: it stays, without a tag)",
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Before anything is changed, the upstream is asked for the tag from this machine (ECR_CACHE_UPSTREAM_URL names a",
          "mirror to ask instead, with {registry} for the upstream's host). Then the cached image gets a second tag, its own",
          "tag is removed, and the tag is pulled again, up to five times. If that fails, the old image gets its tag back.",
          "",
          "STATUS:",
          "  renewed      the tag names another image now",
          "  unchanged    the upstream still has the image that is cached",
          "  pulled       the tag was not cached, and is now",
          "  would-renew  with --dry-run: the tag is cached",
          "  would-pull   with --dry-run: the tag is not cached",
          "  refused      nothing was changed",
          "  failed       the tag was not cached, and could not be pulled",
          "  restored     the pull failed, and the old image has its tag back",
          "  rescued      the old image is safe, but not under its tag",
          "  lost         only with --force: the old image is gone",
          "The message says what to do.",
        ],
        json: { "--json": refreshJson },
        exitCodes: {
          1: "ECR has not stored all images that an index lists, or a name is not one of the cache's",
          2: "wrong use, or an image is refused, failed, restored, rescued or lost",
        },
        examples: [
          "ecr-cache refresh nginx:1.25 quay.io/prometheus/prometheus:latest --env prod",
          "ecr-cache refresh docker-hub/library/nginx:1.25 --env prod --region eu-west-1 --dry-run",
          "ecr-cache refresh ghcr.io/acme/app:stable --env prod --delete-old --json",
        ],
      }),
    )
    .action(async (images: readonly string[], options: Options) => {
      const context = await environmentRegionsContext(options);
      const { refreshTargets, runRefresh } = await import("./run");
      // Wrong names are reported before any call to AWS.
      const targets = refreshTargets(session, images, context);
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runRefresh(session, aws, context, targets, {
          dryRun: options.dryRun ?? false,
          force: options.force ?? false,
          deleteOld: options.deleteOld ?? false,
          json: options.json ?? false,
        }),
      );
    });
}
