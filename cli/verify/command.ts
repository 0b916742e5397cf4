import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { examples } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";

interface Options extends EnvironmentOptions {
  readonly maxAge: number;
  readonly pull?: readonly string[];
  readonly json?: true;
}

/** Days after which a token that was never renewed is worth a look. */
const MAX_AGE_DAYS = 365;

/** `ecr-cache verify`: whether the cache works, and what to do where it does not. */
export function addVerifyCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("verify"))
    .description("check that the cache works, and say what to do where it does not")
    .option(
      "--pull <image...>",
      "also pull the manifest of these images through the cache, which caches them",
    )
    .option(
      "--max-age <days>",
      "a secret that was not changed for longer is a finding",
      wholeNumberFrom(1),
      MAX_AGE_DAYS,
    )
    .option(
      "--json",
      "print a JSON array of { region | null, check, subject, state, detail | null, remedy | null }",
    )
    .addHelpText(
      "after",
      [
        "",
        "Checks, in each region:",
        "  rule                 ECR validates it: it reads the secret and asks the upstream; the rule is the environment's",
        "  secret               exists under the default key, has a user name and a token (never printed), and its age",
        "  template             the creation template is the environment's",
        "  registry policy      lets the accounts of access.accounts fill the cache",
        "  role                 each role of access.roles may pull, as IAM's policy simulator sees it",
        "  pull                 the images of --pull come through",
        "and once for the account:",
        "  service-linked role  the roles that ECR takes on exist",
        "",
        'A check whose permission is missing is "not checked", and says which. Needed are',
        "ecr:ValidatePullThroughCacheRule, ecr:DescribeRepositoryCreationTemplates, ecr:GetRegistryPolicy,",
        "secretsmanager:DescribeSecret, iam:GetRole and iam:SimulatePrincipalPolicy; --pull needs what every pull does.",
        "Without secretsmanager:GetSecretValue the form of a secret is not looked at; the rule's check covers it.",
        "",
        "Exit codes: 0 all checks are ok; 1 one has failed or could not be made; 2 wrong use or a failure.",
        "",
      ].join("\n"),
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache verify --env prod",
        "ecr-cache verify --env prod --region eu-west-1 --pull nginx:1.27 quay.io/prometheus/prometheus:v3.0.0",
        "ecr-cache verify --env prod --max-age 80 --json",
      ),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { pullTargets, runVerify } = await import("./run");
      const targets = pullTargets(options.pull ?? [], context);
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runVerify(session, aws, context, {
          targets,
          maxAgeDays: options.maxAge,
          json: options.json ?? false,
        }),
      );
    });
}
