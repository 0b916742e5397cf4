import type { Command } from "commander";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { helpDetails } from "../shell/help";
import { printJson } from "../shell/output";
import type { Session } from "../shell/session";
import { mapJson, type MappedImage } from "./json";

interface Options extends EnvironmentOptions {
  readonly json?: true;
}

/** `ecr-cache map`: translates image names to names in the cache. */
export function addMapCommand(program: Command, session: Session): void {
  environmentOptions(program.command("map"))
    .description("print the names that images have in the cache")
    .argument("<image...>", "image names")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        json: { "--json": mapJson },
        examples: [
          "ecr-cache map nginx:1.25 quay.io/prometheus/prometheus --env staging",
          "ecr-cache map redis:7 --env prod --region eu-west-1 --json",
        ],
      }),
    )
    .action(async (images: readonly string[], options: Options) => {
      const { environment, region, environments } = await environmentContext(options);
      const { cacheOf, cacheUri } = await import("../../ecr/cache-uri");
      const cache = cacheOf(environment, region, environments);
      const mapped = images.map((image): MappedImage => {
        const { cacheUri: name, reason } = cacheUri(image, cache);
        return { image, cacheUri: name, ...(reason !== undefined && { reason }) };
      });
      if (options.json) {
        printJson(session, mapped);
        return;
      }
      for (const { image, cacheUri: name, reason } of mapped) {
        session.stdout.write(`${name ?? image}\n`);
        if (reason !== undefined) session.stderr.write(`${image}: left alone: ${reason}\n`);
      }
    });
}
