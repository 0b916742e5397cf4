import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  environmentOption,
  type EnvironmentOptions,
  findEnvironment,
  loadEnvironments,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { purgeJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly yes?: true;
  readonly confirm?: string;
  readonly force?: true;
  readonly includeUnproven?: true;
  readonly json?: true;
}

/** `ecr-cache purge`: deletes the repositories that a destroyed cache has left. */
export function addPurgeCommand(program: Command, session: Session): void {
  program
    .command("purge")
    .description("list or delete the repositories that a destroyed cache has left")
    .addOption(environmentOption().makeOptionMandatory())
    .option(
      "--region <region>",
      "one of the environment's regions or formerRegions (default: all of them)",
    )
    .option(
      "--yes",
      "delete them with all their images; asks for the environment's name, see --confirm",
    )
    .option("--confirm <name>", "with --yes: the environment's name, instead of typing it")
    .option("--force", "delete them although rules exist, whose pulls create them again")
    .option(
      "--include-unproven",
      "also delete what nothing proves to be the cache's, except what only ROOT covers",
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Pulls create repositories, Terraform does not: they remain, cost money, and let the accounts of access pull",
          "what they hold, after `cdktf destroy`. Purge them before you delete the environment's file. Only repositories under",
          "the environment's prefixes are deleted, and none that a more specific prefix of another environment or rule covers.",
          "Kept are those that nothing proves to be the cache's: neither the marker that maintenance sets, nor the tags or the",
          "lifecycle policy of the environment's templates. Images may have been pushed to them (docs/maintenance.md, Proof of",
          "origin).",
          "",
          "STATUS: found, kept (the reason says why), deleted, failed.",
        ],
        json: { "--json": purgeJson },
        exitCodes: {
          2: "wrong use, rules that still exist (with --yes, without --force), or a failure",
        },
        examples: [
          "ecr-cache purge --env dev",
          "ecr-cache purge --env dev --yes",
          "ecr-cache purge --env dev --region eu-west-1 --yes --confirm dev --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const environments = await loadEnvironments();
      const environment = findEnvironment(environments, options.env);
      const { region, env } = options;
      const { regions, formerRegions } = environment;
      const all = [...regions, ...formerRegions];
      if (region !== undefined && !all.includes(region)) {
        throw new UserError(
          `--region: found "${region}"; allowed: ${all.join(", ")} (the regions and former regions of environment ${env})`,
        );
      }
      const { yes, confirm, force, includeUnproven, json } = options;
      if (!yes && (confirm !== undefined || force)) {
        throw new UserError(
          `${force ? "--force" : "--confirm"} needs --yes: without it nothing is deleted`,
        );
      }
      if (confirm !== undefined && confirm !== environment.name) {
        throw new UserError(
          `--confirm: found ${JSON.stringify(confirm)}; allowed: ${environment.name}, the name of the environment whose repositories are to be deleted`,
        );
      }
      const { runPurge } = await import("./run");
      const chosen = region === undefined ? all : [region];
      await withAws(environment, chosen[0]!, (aws) =>
        runPurge(session, aws, {
          environment,
          regions: chosen,
          environments,
          isDeleting: yes ?? false,
          isConfirmed: confirm !== undefined,
          force: force ?? false,
          includeUnproven: includeUnproven ?? false,
          json: json ?? false,
        }),
      );
    });
}
