import { type Command, InvalidArgumentError } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";
import { costJson } from "./json";
import { STORAGE_PRICE } from "./prices";

interface Options extends EnvironmentOptions {
  readonly price?: number;
  readonly layers?: true;
  readonly pulls?: number;
  readonly top: number;
  readonly html?: string;
  readonly json?: true;
}

function dollars(text: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("allowed: US dollars, such as 0.10");
}

/** `ecr-cache cost`: what the cache's storage costs. */
export function addCostCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("cost"))
    .description("show what the cache's storage costs, and what the lifecycle policies would free")
    .option(
      "--price <usd>",
      `US dollars for a GB and month (default: ${STORAGE_PRICE.usdPerGbMonth})`,
      dollars,
    )
    .option(
      "--layers",
      "count layers that images of a repository share only once; reads every manifest, which ECR records as a pull of each image",
    )
    .option(
      "--pulls <days>",
      "read from CloudWatch how often Docker Hub's images were pulled in this many days",
      wholeNumberFrom(1, 60),
    )
    .option(
      "--top <number>",
      "how many of the largest repositories the table and the page show",
      wholeNumberFrom(1),
      10,
    )
    .option("--html <file>", "also write a self-contained page with charts")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Sizes are compressed, as ECR stores them. Each image that an index lists is counted; the index itself is not.",
          "Archived images are billed for at least 90 days, and restoring one costs 0.03 US dollars for a GB; neither is counted.",
          "Without --layers the total is an upper bound, and takes only the calls that list the images.",
        ],
        json: { "--json": costJson },
        examples: [
          "ecr-cache cost --env prod",
          "ecr-cache cost --env prod --region eu-west-1 --price 0.11 --json",
          "ecr-cache cost --env prod --layers --pulls 14 --html cache-cost.html",
        ],
      }),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { runCost } = await import("./run");
      const { price, layers, pulls, top, html, json } = options;
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runCost(session, aws, {
          ...context,
          price,
          layers: layers ?? false,
          pullDays: pulls,
          top,
          html,
          json: json ?? false,
        }),
      );
    });
}
