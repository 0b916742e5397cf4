import type { Command } from "commander";
import { examples } from "../shell/help";
import { RISKS, riskKinds } from "./risks";
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
    .description("read a Terraform plan as a reviewer does: risks first, as Markdown")
    .argument(
      "[plan]",
      "an environment or a stack, which is planned; or a file with what terraform show -json prints (-: standard input)",
    )
    .option(
      "--env <env>",
      "the environment: planned without a plan, else the one that the plan is of",
    )
    .option("--region <region>", "only what happens in this region, or is one for the account")
    .option("--fail-on-risk", "end with 1 where there are risks")
    .option(
      "--json",
      "print { plan, region | null, terraformVersion | null, counts, risks: [{ kind, address | null, action, region | null, prefix | null, subject, text, consequence | null }], changes: [{ address | null, action, region | null, prefix | null, subject, notes }], drift }",
    )
    .addHelpText(
      "after",
      [
        "",
        "Kinds of risk, in the order in which they are shown:",
        ...riskKinds.map((kind) => `  ${kind.padEnd(width)}  ${RISKS[kind].meaning}`),
        "Values that Terraform calls sensitive are never printed.",
        "",
        "An environment or a stack (ENV-credentials) is synthesized and planned in cdktf.out/stacks, with Terraform's own",
        "settings and credentials, and TERRAFORM_BINARY_NAME for another program; nothing is applied. The credentials stack",
        "needs its tokens as variables for that. A saved plan is read by: terraform show -json plan.tfplan.",
        "",
        "Exit codes: 0 done, risks or none; 1 with --fail-on-risk, there are risks; 2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache review prod",
        "ecr-cache review prod-credentials --fail-on-risk",
        "terraform show -json plan.tfplan | ecr-cache review - --env prod",
        "ecr-cache review plan.json --env prod --region eu-west-1 --json",
      ),
    )
    .action(async (plan: string | undefined, options: Options) => {
      const { runReview } = await import("./run");
      await runReview(session, plan, options);
    });
}
