import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { examples } from "../shell/help";
import type { Session } from "../shell/session";

interface Options extends EnvironmentOptions {
  readonly json?: true;
}

/** `ecr-cache rules`: the environment's rules beside those that exist. */
export function addRulesCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("rules"))
    .description("compare the rules of an environment with those that exist in ECR")
    .option(
      "--json",
      "print a JSON array of { region, prefix, state, environment | null, upstream | null, upstreamPrefix | null, credential | null, role | null, createdAt | null, updatedAt | null, differences: [{ field, found | null, expected | null }] }",
    )
    .addHelpText(
      "after",
      [
        "",
        "States (with - for a space in JSON):",
        "  in order           the rule exists as the environment has it",
        "  missing            the environment has it, ECR does not",
        "  different          both have it, and not the same; NOTE says what",
        "  unknown            ECR has it, and no environment of this account and region does",
        "  other environment  it is that of another environment; NOTE says which",
        "",
        "What is printed of a rule is what exists; of a missing one, what should.",
        "Needs the permission ecr:DescribePullThroughCacheRules.",
        "",
        "Exit codes: 0 in order (rules of other environments included); 1 a rule is missing, different or unknown;",
        "2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache rules --env prod",
        "ecr-cache rules --env prod --region eu-west-1 --json",
      ),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { runRules } = await import("./run");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runRules(session, aws, context, options.json ?? false),
      );
    });
}
