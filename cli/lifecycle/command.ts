import { type Command, Option } from "commander";
import { EXISTING_POLICIES, type ExistingPolicies } from "../../ecr/existing-policies";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { applyJson, lifecycleJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly all?: true;
  readonly preview?: true;
  readonly apply?: true;
  readonly existingPolicies?: ExistingPolicies;
  readonly json?: true;
}

/** `ecr-cache lifecycle`: compares repositories with the lifecycle policy of their creation template. */
export function addLifecycleCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("lifecycle"))
    .description("list the repositories without their template's lifecycle policy, or set it")
    .option("--all", "also list the repositories that are in order")
    .option(
      "--preview",
      "ask ECR how many images the template's policy would expire in each repository listed, and how much storage that frees",
    )
    .option("--apply", "make every repository follow its template, as maintenance does")
    .addOption(
      new Option(
        "--existing-policies <what>",
        "what to do with policies that somebody set by hand (default: the environment's maintenance.existingPolicies, or keep)",
      ).choices(EXISTING_POLICIES),
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "A creation template applies to repositories when they are created, and never again: repositories from before the",
          "template, or from before it changed, keep what they have.",
          "",
          "STATE:",
          "  in-order     the repository has the template's policy",
          "  missing      it has no policy",
          "  different    it has another policy",
          "  no-template  no creation template covers it: deploy the environment first",
          "  not-proven   only ROOT covers it, and nothing proves that the cache created it",
          "ACTION is what --apply does: set the template's policy, or keep the existing one because somebody set it by hand.",
          "--apply also sets the template's repository policy, tags and tag mutability. If the template has no repository policy,",
          "it deletes those that the cache wrote for accounts that access no longer names, and keeps those of others.",
        ],
        json: { "--json": lifecycleJson, "--apply --json": applyJson },
        exitCodes: {
          0: "everything is in order",
          1: "a repository is not in order, or a policy was kept",
        },
        examples: [
          "ecr-cache lifecycle --env prod",
          "ecr-cache lifecycle --env prod --preview --json",
          "ecr-cache lifecycle --env prod --apply",
          "ecr-cache lifecycle --env prod --apply --existing-policies replace",
        ],
      }),
    )
    .action(async (options: Options) => {
      const { all, preview, apply, existingPolicies, json } = options;
      if (apply && (all ?? preview)) {
        throw new UserError(
          `--apply can't be combined with ${all ? "--all" : "--preview"}: it prints only what it changes, and what it keeps`,
        );
      }
      const context = await environmentRegionsContext(options);
      const { environment, regions } = context;
      const { runLifecycle, runLifecycleApply } = await import("./run");
      const request = {
        ...context,
        existingPolicies:
          existingPolicies ?? environment.maintenance?.existingPolicies ?? ("keep" as const),
        json: json ?? false,
      };
      await withAws(environment, regions[0]!, async (aws) => {
        if (apply) await runLifecycleApply(session, aws, request);
        else {
          await runLifecycle(session, aws, {
            ...request,
            all: all ?? false,
            preview: preview ?? false,
          });
        }
      });
    });
}
