import type { Command } from "commander";
import { UserError } from "../../ecr/user-error";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import type { Session } from "../shell/session";
import { putJson, statusJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly json?: true;
}

function addStatus(credentials: Command, session: Session): void {
  environmentRegionsOptions(credentials.command("status"))
    .description("show whether the credentials work, and how old they are")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "A credential works if its secret exists, holds a user name and a token, and ECR finds the rule valid with it.",
          "WRITTEN BY (managed in JSON) says who writes the secret: the credentials stack, or the owner of the secret that",
          "credential.secretName names. A secret's value is never printed.",
          "",
          "Needs secretsmanager:DescribeSecret and ecr:ValidatePullThroughCacheRule; with secretsmanager:GetSecretValue, the",
          "content of the secret is checked too.",
        ],
        json: { "--json": statusJson },
        exitCodes: {
          0: "every credential works",
          1: "a credential does not work, or could not be checked",
        },
        examples: [
          "ecr-cache credentials status --env prod",
          "ecr-cache credentials status --env prod --region eu-west-1 --json",
        ],
      }),
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
    .description("write a new token to the secret of an upstream, and have ECR try it")
    .argument("<upstream>", "the upstream's name or the rule's prefix")
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "For teams that rotate tokens outside Terraform. The token is typed without being shown, or piped in; it is never an",
          "argument or an environment variable, which other processes can read. The user name is the environment's. The",
          "secret must exist: the credentials stack creates it, or its owner does.",
          "",
          "The credentials stack writes a secret once for each credential.version: Terraform keeps your token until the",
          "version is raised, and then writes the token that it is given.",
          "",
          "Needs secretsmanager:DescribeSecret, secretsmanager:PutSecretValue and ecr:ValidatePullThroughCacheRule.",
        ],
        json: { "--json": putJson },
        exitCodes: {
          0: "the token is in every region, and ECR finds the rule valid (or there is no rule yet)",
          1: "the token is in every region, but ECR rejects it, or the permission to ask ECR is missing",
          2: "wrong use or a failure: standard error says which regions have the token",
        },
        examples: [
          "ecr-cache credentials put docker-hub --env prod",
          "vault kv get -field=token kv/docker-hub | ecr-cache credentials put docker-hub --env prod --json",
          "ecr-cache credentials put acme-azure --env prod --region eu-west-1",
        ],
      }),
    )
    .allowExcessArguments()
    .action(async (upstream: string, options: Options, { args }: Command) => {
      if (args.length > 1) {
        throw new UserError(
          "credentials put takes only the upstream: type the token when asked, or pipe it in. If the other argument was a token, revoke it: it may be in your shell's history",
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

/** `ecr-cache credentials`: the credentials that ECR pulls from upstreams with. */
export function addCredentialsCommand(program: Command, session: Session): void {
  const credentials = program
    .command("credentials")
    .description("show and renew the credentials that ECR pulls from upstreams with")
    .action((_options: object, command: Command) => {
      const [found] = command.args;
      const names = command.commands.map((one) => one.name()).join(", ");
      throw new UserError(
        found === undefined
          ? `credentials needs a command: ${names} (ecr-cache credentials --help)`
          : `credentials: found ${JSON.stringify(found)}; allowed: ${names} (ecr-cache credentials --help)`,
      );
    });
  addStatus(credentials, session);
  addPut(credentials, session);
  // The action above refuses unknown commands. Set last, since commands inherit it.
  credentials.allowExcessArguments();
}
