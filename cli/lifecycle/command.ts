import { type Command, Option } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import { type EnvironmentOptions, environmentContext, environmentOptions } from "../shell/context";
import { examples } from "../shell/help";
import type { Session } from "../shell/session";

interface Options extends EnvironmentOptions {
  readonly all?: true;
  readonly preview?: true;
  readonly apply?: true;
  readonly existingPolicies?: "keep" | "replace";
  readonly json?: true;
}

/** `ecr-cache lifecycle`: repositories beside the lifecycle policy of their creation template. */
export function addLifecycleCommand(program: Command, session: Session): void {
  environmentOptions(program.command("lifecycle"))
    .description("list the repositories without their template's lifecycle policy, or set it")
    .option("--all", "list those that are in order, too")
    .option(
      "--preview",
      "have ECR work out how many images the template's policy would expire in each that is listed, and how much that frees",
    )
    .option("--apply", "make all repositories follow their template, as maintenance does")
    .addOption(
      new Option(
        "--existing-policies <what>",
        "what becomes of lifecycle policies that were made by hand (default: as the environment's maintenance says, else keep)",
      ).choices(["keep", "replace"]),
    )
    .option(
      "--json",
      "print a JSON array of { repository, prefix, state, action | null, reason | null, preview: { expire: { images, bytes }, archive: { images, bytes } } | { problem } | null }; with --apply of { repository, changes: [{ aspect, reason }], kept, failures }",
    )
    .addHelpText(
      "after",
      [
        "",
        "A creation template shapes repositories when they are made, and never again: those that were there before it, or",
        "before it was changed, keep what they have.",
        "",
        "States: in-order, missing (it has no policy), different (from the template's), no-template (deploy the environment",
        "first), not-proven (only ROOT covers it, and no note on it shows that it is the cache's). ACTION is what --apply does:",
        "set the template's policy, or keep the one that is there because somebody made it by hand. --apply also sets the",
        "repository policy, the tags and the tag mutability of the template.",
        "",
        "Exit codes: 0 everything is in order; 1 a repository is not, or a policy was kept; 2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache lifecycle --env prod",
        "ecr-cache lifecycle --env prod --preview --json",
        "ecr-cache lifecycle --env prod --apply",
        "ecr-cache lifecycle --env prod --apply --existing-policies replace",
      ),
    )
    .action(async (options: Options) => {
      const { all, preview, apply, existingPolicies, json } = options;
      if (apply && (all ?? preview)) {
        throw new UserError(
          `--apply: found ${all ? "--all" : "--preview"} with it; allowed: one of --apply and --preview; --apply prints what it changes, and what it keeps`,
        );
      }
      const context = await environmentContext(options);
      const { environment, region } = context;
      const { runLifecycle, runLifecycleApply } = await import("./run");
      const request = {
        ...context,
        existingPolicies:
          existingPolicies ?? environment.maintenance?.existingPolicies ?? ("keep" as const),
        json: json ?? false,
      };
      await withAws(environment, region, async (aws) => {
        const client = await aws.ecr(region);
        if (apply) await runLifecycleApply(session, client, request);
        else {
          await runLifecycle(session, client, {
            ...request,
            all: all ?? false,
            preview: preview ?? false,
          });
        }
      });
    });
}
