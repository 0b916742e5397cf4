import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { rulesJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly json?: true;
}

/** `ecr-cache rules`: compares the environment's rules with those that exist. */
export function addRulesCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("rules"))
    .description("compare the rules of an environment with those that exist in ECR")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "STATE (in JSON with - for a space):",
          "  in order           the rule exists as the environment has it",
          "  missing            the environment has it, ECR does not",
          "  different          both have it, but not the same; NOTE says how they differ",
          "  unknown            ECR has it, and no environment of this account and region does",
          "  other environment  it belongs to the environment that NOTE names",
          "",
          "The columns show the rule that exists; for a missing one, the rule that should.",
          "Needs the permission ecr:DescribePullThroughCacheRules.",
        ],
        json: { "--json": rulesJson },
        exitCodes: {
          0: "in order (with or without rules of other environments)",
          1: "a rule is missing, different or unknown",
        },
        examples: [
          "ecr-cache rules --env prod",
          "ecr-cache rules --env prod --region eu-west-1 --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { runRules } = await import("./run");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runRules(session, aws, context, options.json ?? false),
      );
    });
}
