import { type Command, InvalidArgumentError } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { benchJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly platform: string;
  readonly json?: true;
}

function parsePlatform(text: string): string {
  if (/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/.test(text)) return text;
  throw new InvalidArgumentError("allowed: OS/ARCHITECTURE[/VARIANT], such as linux/arm64");
}

/** `ecr-cache bench`: how long pulls take with the cache and without it. */
export function addBenchCommand(program: Command, session: Session): void {
  environmentOptions(program.command("bench"))
    .description("compare how long pulls from the upstream and through the cache take")
    .argument("<image...>", "images, by their upstream names or their names in the cache")
    .option("--platform <platform>", "of an index, the image to pull", parsePlatform, "linux/amd64")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Each image is pulled with all of its layers, which are not kept: from the upstream, with the rule's credential where",
          "it is needed, then twice through the cache. The first of these imports an image that is not cached. Run it where the",
          "pulls are made, such as on a node. A pull from Docker Hub counts against its limit.",
        ],
        json: { "--json": benchJson },
        exitCodes: { 2: "wrong use, or an image could not be pulled through the cache" },
        examples: [
          "ecr-cache bench nginx:1.27 --env prod",
          "ecr-cache bench quay.io/prometheus/prometheus:v3.0.0 --env prod --platform linux/arm64 --json",
        ],
      }),
    )
    .action(async (images: readonly string[], options: Options) => {
      const context = await environmentContext(options);
      const { environment, region } = context;
      const { requireTargets } = await import("../../registry/target");
      const targets = requireTargets(images, { ...context, regions: [region] });
      const { runBench } = await import("./run");
      await withAws(environment, region, async (aws) =>
        runBench(session, aws, await aws.ecr(region), context, targets, {
          platform: options.platform,
          json: options.json ?? false,
        }),
      );
    });
}
