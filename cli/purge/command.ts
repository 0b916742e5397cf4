import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  findEnvironment,
  findRegion,
  loadEnvironments,
} from "../shell/context";
import { examples } from "../shell/help";
import type { Session } from "../shell/session";

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
    .description("list the repositories that a destroyed cache has left, or delete them")
    .requiredOption("--env <env>", "the environment, by the name in its file")
    .option(
      "--region <region>",
      "one of the environment's regions or formerRegions (default: its first)",
    )
    .option(
      "--yes",
      "delete them with all their images; needs the environment's name, see --confirm",
    )
    .option(
      "--confirm <name>",
      "with --yes, the environment's name; without it, the terminal is asked for it",
    )
    .option("--force", "delete them although rules exist, whose pulls make them anew")
    .option(
      "--json",
      "print { environment, account, region, rules, repositories: [{ repository, prefix, createdAt | null, status, reason | null }] }",
    )
    .addHelpText(
      "after",
      [
        "",
        "Pulls make repositories, Terraform does not: they stay and cost money after `cdktf destroy`. Purge them before the",
        "environment's file is taken away. Only repositories under the environment's prefixes are touched, and none that a",
        "more specific prefix of another environment or rule covers. What only ROOT covers is kept, unless the note that",
        "maintenance leaves on a repository shows that it is the cache's.",
        "",
        "Statuses: found, kept (the reason says why), deleted, failed.",
        "",
        "Exit codes: 0 done; 2 wrong use, rules that still exist (with --yes, without --force), or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache purge --env dev",
        "ecr-cache purge --env dev --yes",
        "ecr-cache purge --env dev --region eu-west-1 --yes --confirm dev --json",
      ),
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
          `${force ? "--force" : "--confirm"}: found no --yes, without which nothing is deleted; allowed: with --yes`,
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
