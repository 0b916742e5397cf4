import { type Command, InvalidArgumentError } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { examples } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";

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
  environmentOptions(program.command("cost"))
    .description("say what the cache's storage costs, and what the lifecycle policies would free")
    .option(
      "--price <usd>",
      "US dollars for a GB and month (default: the region's, as seen)",
      dollars,
    )
    .option(
      "--layers",
      "count layers that images of a repository share once; reads every manifest, which ECR records as a pull of each image",
    )
    .option(
      "--pulls <days>",
      "read the pulls of Docker Hub's images in so many days from CloudWatch",
      wholeNumberFrom(1, 60),
    )
    .option(
      "--top <number>",
      "the largest repositories in the table and the page",
      wholeNumberFrom(1),
      10,
    )
    .option("--html <file>", "write a page with charts, which needs nothing but itself")
    .option(
      "--json",
      "print { environment, account, region, at, price, sharedLayers, total, upstreams, ages, repositories, lifecycle, dockerHub | null }",
    )
    .addHelpText(
      "after",
      [
        "",
        "Sizes are compressed, as ECR stores them. What an index lists is counted image by image, and the index itself",
        "not at all. Without --layers the sum is an upper bound, and costs no calls but those that list the images.",
        "",
        "Exit codes: 0 done; 2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache cost --env prod",
        "ecr-cache cost --env prod --region eu-west-1 --price 0.11 --json",
        "ecr-cache cost --env prod --layers --pulls 14 --html cache-cost.html",
      ),
    )
    .action(async (options: Options) => {
      const context = await environmentContext(options);
      const { runCost } = await import("./run");
      const { price, layers, pulls, top, html, json } = options;
      await withAws(context.environment, context.region, (aws) =>
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
