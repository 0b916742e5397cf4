import type { Command } from "commander";
import { environmentOption } from "../shell/context";
import { helpDetails } from "../shell/help";
import { reviewJson } from "./json";
import { RISKS, riskKinds } from "../../plan/risks";
import type { Session } from "../shell/session";

interface Options {
  readonly env?: string;
  readonly region?: string;
  readonly failOnRisk?: true;
  readonly json?: true;
}

/** `ecr-cache review`: a Terraform plan in the cache's own words. */
export function addReviewCommand(program: Command, session: Session): void {
  const width = Math.max(...riskKinds.map((kind) => kind.length));
  program
    .command("review")
    .description("review a Terraform plan: print Markdown, risks first")
    .argument(
      "[plan]",
      "an environment or a stack, which is planned; or a file with the output of terraform show -json (-: standard input)",
    )
    .addOption(
      environmentOption("the environment that the plan is for; without [plan], it is planned"),
    )
    .option("--region <region>", "only changes in this region and changes of the account")
    .option("--fail-on-risk", "exit with 1 if there are risks")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Kinds of risk, in the order in which they are shown:",
          ...riskKinds.map((kind) => `  ${kind.padEnd(width)}  ${RISKS[kind].meaning}`),
          "",
          "Values that Terraform marks as sensitive are never printed.",
          "",
          "An environment or a stack (ENV-credentials, ENV-consumer-ACCOUNT) is synthesized and planned in cdktf.out/stacks, with Terraform's",
          "own settings and credentials; TERRAFORM_BINARY_NAME names another program. Nothing is applied. The credentials",
          "stack needs its tokens as variables for that. To read a saved plan: terraform show -json plan.tfplan.",
        ],
        json: { "--json": reviewJson },
        exitCodes: { 0: "done, with or without risks", 1: "with --fail-on-risk: there are risks" },
        examples: [
          "ecr-cache review prod",
          "ecr-cache review prod-credentials --fail-on-risk",
          "terraform show -json plan.tfplan | ecr-cache review - --env prod",
          "ecr-cache review plan.json --env prod --region eu-west-1 --json",
        ],
      }),
    )
    .action(async (plan: string | undefined, options: Options, command: Command) => {
      const { runReview } = await import("./run");
      const isEnvironmentGiven = command.getOptionValueSource("env") === "cli";
      await runReview(session, plan, { ...options, isEnvironmentGiven });
    });
}
