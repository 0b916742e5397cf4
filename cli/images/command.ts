import { type Command, Option } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { examples } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";

interface Options extends EnvironmentOptions {
  readonly stale?: number;
  readonly tagged?: true;
  readonly untagged?: true;
  readonly sort?: "repository" | "size" | "pushed" | "pulled";
  readonly reverse?: true;
  readonly limit?: number;
  readonly json?: true;
}

/** `ecr-cache images`: what is cached. */
export function addImagesCommand(program: Command, session: Session): void {
  environmentOptions(program.command("images"))
    .description("list what is cached")
    .argument(
      "[pattern]",
      "part of a repository's name, or REPOSITORY[:TAG] with * for any characters",
    )
    .option(
      "--stale <days>",
      "only images that nobody has pulled for so many days; never pulled counts from when it was stored",
      wholeNumberFrom(1),
    )
    .addOption(new Option("--tagged", "only images with a tag").conflicts("untagged"))
    .option("--untagged", "only images without a tag")
    .addOption(
      new Option(
        "--sort <order>",
        "size: largest first; pushed: newest first; pulled: longest unpulled first",
      ).choices(["repository", "size", "pushed", "pulled"]),
    )
    .option("--reverse", "turn the order of --sort round")
    .option("--limit <number>", "at most so many images", wholeNumberFrom(1))
    .option(
      "--json",
      "print a JSON array of { repository, tags, digest, mediaType, sizeBytes, pushedAt, lastPulledAt | null, status, upstreamCheck: { notBefore } | null }",
    )
    .addHelpText(
      "after",
      [
        "",
        "PUSHED is when ECR stored the image, not when the upstream published it. LAST PULLED is what ECR has recorded:",
        "it does so once a day at the most, and not for the images that an index lists.",
        "UPSTREAM CHECK is how long ago ECR compared the tag with the upstream, at the most: ECR does so at a pull, once a",
        "day, and tells nobody when it last did. All that is known is that it was not before the image was stored.",
        "The SIZE of an index is that of its largest image; the total counts every image and no index.",
        "",
        "Without --sort, images are printed as ECR lists them, a page at a time, and --limit ends the listing early. With",
        "--sort all of them are held until the end (about 1 kB each); with --limit, twice as many as are wanted.",
        "",
        "Exit codes: 0 done; 2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache images --env prod",
        "ecr-cache images nginx --env prod --region eu-west-1 --json",
        "ecr-cache images 'docker-hub/library/*:1.*' --env prod --sort size --limit 20",
        "ecr-cache images --stale 90 --env prod --sort pulled",
      ),
    )
    .action(async (pattern: string | undefined, options: Options) => {
      if (options.reverse && !options.sort) {
        throw new UserError(
          "--reverse: found no --sort; allowed: with --sort, whose order it turns",
        );
      }
      const { environment, region, environments } = await environmentContext(options);
      const { runImages } = await import("./run");
      const { stale, tagged, untagged, sort, reverse, limit, json } = options;
      await withAws(environment, region, async (aws) => {
        await runImages(session, await aws.ecr(region), {
          environment,
          region,
          environments,
          filter: {
            pattern,
            staleDays: stale,
            tagStatus: tagged ? "tagged" : untagged ? "untagged" : undefined,
          },
          sort,
          isReversed: reverse ?? false,
          limit: limit ?? Infinity,
          json: json ?? false,
        });
      });
    });
}
