import { type Command, InvalidArgumentError } from "commander";
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
import { warmJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly file?: string;
  readonly fromRewrite?: readonly string[];
  readonly platform?: readonly string[];
  readonly referrers?: true;
  readonly parallel: number;
  readonly json?: true;
}

const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/;

function collectPlatforms(text: string, before: readonly string[] = []): readonly string[] {
  const platforms = text.split(",").map((platform) => platform.trim());
  if (platforms.every((platform) => PLATFORM.test(platform))) return [...before, ...platforms];
  throw new InvalidArgumentError("allowed: OS/ARCHITECTURE[/VARIANT], such as linux/arm64");
}

/** `ecr-cache warm`: pulls images through the cache once. */
export function addWarmCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("warm"))
    .description("pull images through the cache once, so that later pulls find them there")
    .argument("[image...]", "images, by their upstream names or their names in the cache")
    .option(
      "--file <list>",
      "a file with one image per line (# starts a comment); - for standard input",
    )
    .option(
      "--from-rewrite <path...>",
      "files and folders: pull the images in them that the cache has a name for, before or after ecr-cache rewrite",
    )
    .option(
      "--platform <platform>",
      "also make sure that the image for OS/ARCHITECTURE[/VARIANT] is cached; repeatable, or a comma-separated list",
      collectPlatforms,
    )
    .option(
      "--referrers",
      "also bring signatures, SBOMs and the like about the images into the cache",
    )
    .option("--parallel <number>", "images pulled at a time", wholeNumberFrom(1, 20), 4)
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "A pull by tag makes ECR fetch the image from the upstream, with everything that an index lists. A pull by digest",
          "alone fetches nothing: a reference with a tag and a digest is pulled by its tag first; one without a tag can't be.",
          "A pull that fails is tried again, up to five times.",
          "A pull brings no signatures and SBOMs; --referrers lists those of the index or image, and of the images for --platform,",
          "which makes ECR fetch them. Cosign's tags that end in .sig are no referrers.",
        ],
        json: { "--json": warmJson },
        exitCodes: {
          0: "all are cached in every region",
          1: "a name is not one of the cache's; the others are cached",
          2: "wrong use, or an image or platform is not cached",
        },
        examples: [
          "ecr-cache warm nginx:1.25 quay.io/prometheus/prometheus:v2.53.0 --env prod",
          "ecr-cache warm --file images.txt --env prod --platform linux/amd64,linux/arm64",
          "ecr-cache warm --from-rewrite deploy/ compose.yaml --env prod --json",
        ],
      }),
    )
    .action(async (images: readonly string[], options: Options) => {
      const { file, fromRewrite = [], platform = [], referrers, parallel, json } = options;
      if (images.length === 0 && file === undefined && fromRewrite.length === 0) {
        throw new UserError("warm needs images: IMAGE…, --file or --from-rewrite");
      }
      const context = await environmentRegionsContext(options);
      const { collectTargets } = await import("./targets");
      // Wrong names are reported before any call to AWS.
      const targets = await collectTargets(session, context, { images, file, paths: fromRewrite });
      const { runWarm } = await import("./run");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runWarm(session, aws, context, targets, {
          platforms: [...new Set(platform)],
          referrers: referrers ?? false,
          parallel,
          json: json ?? false,
        }),
      );
    });
}
