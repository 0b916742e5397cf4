import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { examples } from "../shell/help";
import type { Session } from "../shell/session";

interface Options extends EnvironmentOptions {
  readonly dryRun?: true;
  readonly force?: true;
  readonly deleteOld?: true;
  readonly json?: true;
}

/** `ecr-cache refresh`: the cached copy of a tag is renewed now. */
export function addRefreshCommand(program: Command, session: Session): void {
  environmentOptions(program.command("refresh"))
    .description("renew the cached copy of tags now, not when ECR next asks the upstream")
    .argument(
      "<image...>",
      "images with a tag, by their upstream names or their names in the cache",
    )
    .option("--dry-run", "say what would be done, and change nothing")
    .option(
      "--force",
      "go ahead although the upstream does not answer or has the same image, or the old image can't be kept meanwhile",
    )
    .option(
      "--delete-old",
      "delete the old image and what only it lists, if it has no other tag (default: it stays, without a tag)",
    )
    .option(
      "--json",
      "print a JSON array of { image, repository, tag, oldDigest | null, newDigest | null, status, message | null, rescueTag | null, missing, deleted }",
    )
    .addHelpText(
      "after",
      [
        "",
        "Before anything is changed, the upstream is asked for the tag, from this machine (set ECR_CACHE_UPSTREAM_URL to ask a",
        "mirror instead, with {registry} for the registry's host). Then the cached image gets a second tag, its own one is",
        "taken off, and it is pulled again, up to five times. If that fails, the old image gets its tag back.",
        "",
        "Statuses: renewed, unchanged, pulled (it was not cached), would-renew and would-pull (--dry-run); refused (nothing",
        "was changed), failed (it was not cached, and still is not), restored (the old image has its tag back), rescued",
        "(the old image is safe, but not under its tag), lost (only with --force). The message says what to do.",
        "",
        "Exit codes: 0 done; 1 ECR has not stored everything that an index lists; 2 wrong use, or an image is refused,",
        "failed, restored, rescued or lost.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache refresh nginx:1.25 quay.io/prometheus/prometheus:latest --env prod",
        "ecr-cache refresh docker-hub/library/nginx:1.25 --env prod --region eu-west-1 --dry-run",
        "ecr-cache refresh ghcr.io/acme/app:stable --env prod --delete-old --json",
      ),
    )
    .action(async (images: readonly string[], options: Options) => {
      const context = await environmentContext(options);
      const { refreshTargets, runRefresh } = await import("./run");
      // Wrong names are told before AWS is asked for anything.
      const targets = refreshTargets(images, context);
      await withAws(context.environment, context.region, (aws) =>
        runRefresh(session, aws, context.region, targets, {
          dryRun: options.dryRun ?? false,
          force: options.force ?? false,
          deleteOld: options.deleteOld ?? false,
          json: options.json ?? false,
        }),
      );
    });
}
