import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
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

const EXIT_CODES_STATUS =
  "Exit codes: 0 every credential works; 1 one does not, or could not be checked; 2 wrong use or a failure.";

const EXIT_CODES_PUT = [
  "Exit codes: 0 the token is in every region, and ECR finds the rule valid (or there is none yet); 1 the token is there,",
  "but ECR refuses it or could not be asked; 2 wrong use or a failure: standard error says where the token is.",
].join("\n");

function addStatus(credentials: Command, session: Session): void {
  environmentRegionsOptions(credentials.command("status"))
    .description("show which upstreams have a working credential, and how old it is")
    .option(
      "--json",
      "print a JSON array of { region, prefix, upstream, secret, managed, state, changedAt | null, detail | null, remedy | null }",
    )
    .addHelpText(
      "after",
      [
        "",
        "A credential works when its secret exists, holds a user name and a token, and ECR finds the rule valid with it.",
        "MADE BY says who writes it: the credentials stack (managed in JSON), or whoever made the secret that",
        "credential.secretName names. Nothing of a secret's value is ever printed.",
        "",
        "Needs secretsmanager:DescribeSecret and ecr:ValidatePullThroughCacheRule; with secretsmanager:GetSecretValue the",
        "secret's form is checked too.",
        "",
        EXIT_CODES_STATUS,
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache credentials status --env prod",
        "ecr-cache credentials status --env prod --region eu-west-1 --json",
      ),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { runCredentialsStatus } = await import("./status");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runCredentialsStatus(session, aws, context, options.json ?? false),
      );
    });
}

function addPut(credentials: Command, session: Session): void {
  environmentRegionsOptions(credentials.command("put"))
    .description("put a new token into the secret of an upstream, and have ECR try it")
    .argument("<upstream>", "the upstream's name, or the rule's prefix")
    .option(
      "--json",
      "print a JSON array of { region, prefix, secret, versionId, rule, detail | null, remedy | null }",
    )
    .addHelpText(
      "after",
      [
        "",
        "For teams that rotate tokens outside Terraform. The token is typed unseen, or piped in; it is never an argument or",
        "an environment variable, which other processes can see. The user name is the environment's. The secret must",
        "exist: the credentials stack makes it, or whoever owns it.",
        "",
        "A secret of the credentials stack is written once for each credential.version: Terraform leaves this token alone",
        "until the version is raised, and then puts the one that it is given.",
        "",
        "Needs secretsmanager:DescribeSecret, secretsmanager:PutSecretValue and ecr:ValidatePullThroughCacheRule.",
        "",
        EXIT_CODES_PUT,
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache credentials put docker-hub --env prod",
        "vault kv get -field=token kv/docker-hub | ecr-cache credentials put docker-hub --env prod --json",
        "ecr-cache credentials put acme-azure --env prod --region eu-west-1",
      ),
    )
    .allowExcessArguments()
    .action(async (upstream: string, options: Options, { args }: Command) => {
      if (args.length > 1) {
        throw new UserError(
          "credentials put: found more than an upstream; allowed: the upstream alone: the token is typed or piped in (what stood there may be in the shell's history: if it was a token, revoke it)",
        );
      }
      const context = await environmentRegionsContext(options);
      const { findCredential, runCredentialsPut } = await import("./put");
      const rule = findCredential(context.environment, upstream);
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runCredentialsPut(session, aws, context, rule, options.json ?? false),
      );
    });
}

/** `ecr-cache credentials`: what ECR pulls from upstreams with. */
export function addCredentialsCommand(program: Command, session: Session): void {
  const credentials = program
    .command("credentials")
    .description("show and renew what ECR pulls from upstreams with")
    .action((_options: object, command: Command) => {
      const [found] = command.args;
      const names = command.commands.map((one) => one.name()).join(", ");
      throw new UserError(
        `credentials: found ${found === undefined ? "no command" : JSON.stringify(found)}; allowed: ${names} (ecr-cache credentials --help)`,
      );
    });
  addStatus(credentials, session);
  addPut(credentials, session);
  // What is no command is refused by the action above. Set last, since commands inherit it.
  credentials.allowExcessArguments();
}
