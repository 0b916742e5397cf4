import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  environmentOption,
  type EnvironmentOptions,
  findEnvironment,
  findRegion,
  loadEnvironments,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { purgeJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly yes?: true;
  readonly confirm?: string;
  readonly force?: true;
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
      "one of the environment's regions or formerRegions (default: its first)",
    )
    .option(
      "--yes",
      "delete them with all their images; asks for the environment's name, see --confirm",
    )
    .option("--confirm <name>", "with --yes: the environment's name, instead of typing it")
    .option("--force", "delete them although rules exist, whose pulls create them again")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Pulls create repositories, Terraform does not: they remain, cost money, and let the accounts of access.accounts pull",
          "what they hold, after `cdktf destroy`. Purge them before you delete the environment's file. Only repositories under the environment's prefixes are deleted, and none that a",
          "more specific prefix of another environment or rule covers. A repository that only ROOT covers is kept, unless",
          "something proves that the cache created it: the marker of maintenance, or all of the environment's tags.",
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
      const region = environment.formerRegions.includes(options.region ?? "")
        ? options.region!
        : findRegion(environment, options.region);
      const { yes, confirm, force, json } = options;
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
      await withAws(environment, region, (aws) =>
        runPurge(session, aws, {
          environment,
          region,
          environments,
          isDeleting: yes ?? false,
          isConfirmed: confirm !== undefined,
          force: force ?? false,
          json: json ?? false,
        }),
      );
    });
}
