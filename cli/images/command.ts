import { type Command, Option } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";
import { imagesJson } from "./json";
import { type ImageOrder, imageOrders } from "./sort";

interface Options extends EnvironmentOptions {
  readonly stale?: number;
  readonly tagged?: true;
  readonly untagged?: true;
  readonly sort?: ImageOrder;
  readonly reverse?: true;
  readonly limit?: number;
  readonly findings?: true;
  readonly referrers?: true;
  readonly json?: true;
}

/** `ecr-cache images`: what is cached. */
export function addImagesCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("images"))
    .description("list what is cached")
    .argument(
      "[pattern]",
      "part of a repository's name, or REPOSITORY[:TAG] with * for any characters",
    )
    .option(
      "--stale <days>",
      "only images that nobody has pulled for this many days; images never pulled count from when they were stored",
      wholeNumberFrom(1),
    )
    .addOption(new Option("--tagged", "only images with a tag").conflicts("untagged"))
    .option("--untagged", "only images without a tag")
    .addOption(
      new Option(
        "--sort <order>",
        Object.entries(imageOrders)
          .map(([name, { meaning }]) => `${name}: ${meaning}`)
          .join("; "),
      ).choices(Object.keys(imageOrders)),
    )
    .option("--reverse", "reverse the order of --sort")
    .option("--limit <number>", "at most this many images", wholeNumberFrom(1))
    .option("--findings", "show what scans found in each image; takes a call for each")
    .option(
      "--referrers",
      "show signatures, SBOMs and the like about each image; takes a call for each, which brings them into the cache",
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "PUSHED is when ECR stored the image, not when the upstream published it. LAST PULLED is what ECR records: at most",
          "once a day, and not for the images that an index lists.",
          "UPSTREAM CHECK is the longest time that can have passed since ECR compared the tag with the upstream. ECR compares",
          "at a pull, at most once a day, and does not publish when; it can't have been before the image was stored.",
          "The SIZE of an index is that of its largest image, which is stored once. The total adds up the SIZE of all images,",
          "and says how much of it indexes repeat.",
          "",
          "Without --sort, images are printed as ECR lists them, region by region, and --limit ends the listing early. With",
          "--sort, all of them are held in memory (about 1 kB each); with --limit, up to twice the limit.",
        ],
        json: { "--json": imagesJson },
        examples: [
          "ecr-cache images --env prod",
          "ecr-cache images nginx --env prod --region eu-west-1 --json",
          "ecr-cache images 'docker-hub/library/*:1.*' --env prod --sort size --limit 20",
          "ecr-cache images --stale 90 --env prod --sort pulled",
        ],
      }),
    )
    .action(async (pattern: string | undefined, options: Options) => {
      if (options.reverse && !options.sort) {
        throw new UserError("--reverse needs --sort, whose order it reverses");
      }
      const context = await environmentRegionsContext(options);
      const { runImages } = await import("./run");
      const { stale, tagged, untagged, sort, reverse, limit, findings, referrers, json } = options;
      await withAws(context.environment, context.regions[0]!, async (aws) => {
        await runImages(session, aws, {
          ...context,
          filter: {
            pattern,
            staleDays: stale,
            tagStatus: tagged ? "tagged" : untagged ? "untagged" : undefined,
          },
          sort,
          isReversed: reverse ?? false,
          limit: limit ?? Infinity,
          findings: findings ?? false,
          referrers: referrers ?? false,
          json: json ?? false,
        });
      });
    });
}
