import type { Command } from "commander";
import { withAws } from "../../registry/aws/with-aws";
import {
  type EnvironmentOptions,
  environmentRegionsContext,
  environmentRegionsOptions,
} from "../shell/context";
import { helpDetails } from "../shell/help";
import { wholeNumberFrom } from "../shell/options";
import type { Session } from "../shell/session";
import { verifyJson } from "./json";

interface Options extends EnvironmentOptions {
  readonly maxAge: number;
  readonly pull?: readonly string[];
  readonly json?: true;
}

/** Days after which a token that was not renewed is worth checking. */
const MAX_AGE_DAYS = 365;

/** `ecr-cache verify`: whether the cache works, and what to do if it does not. */
export function addVerifyCommand(program: Command, session: Session): void {
  environmentRegionsOptions(program.command("verify"))
    .description("check that the cache works, and say what to do if it does not")
    .option(
      "--pull <image...>",
      "also pull the manifest of these images through the cache, which caches them",
    )
    .option(
      "--max-age <days>",
      "report secrets that have not changed for longer than this",
      wholeNumberFrom(1),
      MAX_AGE_DAYS,
    )
    .option("--json", "print JSON, in the shape below")
    .addHelpText(
      "after",
      helpDetails({
        notes: [
          "Checks, in each region:",
          "  rule                 ECR validates it, which reads the secret and asks the upstream; it is the environment's",
          "  secret               exists under the default key, has a user name and a token (never printed), and is not too old",
          "  template             the creation template is the environment's",
          "  registry policy      lets the other accounts of access fill the cache",
          "  repository policies  those of the cached repositories let nobody in whom the environment does not name; a read each",
          "  role                 each role of access.roles may pull, and nothing that `only` does not list, by IAM's simulator",
          "  KMS key              each key of the rules, and that of an existing topic, is enabled, and its policy allows what it is used for",
          "  pull                 the images of --pull can be pulled",
          "and once for the account:",
          "  service-linked role  the roles that ECR assumes exist",
          "",
          'A check for which you lack a permission is "not checked", and its detail names the permission. They are',
          "ecr:ValidatePullThroughCacheRule, ecr:DescribeRepositoryCreationTemplates, ecr:GetRegistryPolicy, ecr:GetRepositoryPolicy,",
          "ecr:DescribeRepositories, ecr:DescribePullThroughCacheRules, ecr:ListTagsForResource (for ROOT), iam:GetRole,",
          "iam:SimulatePrincipalPolicy, secretsmanager:DescribeSecret, and for keys kms:DescribeKey, kms:GetKeyPolicy and, for a",
          "topic's, sns:GetTopicAttributes; --pull needs those of a pull.",
          "Without secretsmanager:GetSecretValue the content of a secret is not checked; the check of the rule covers it.",
        ],
        json: { "--json": verifyJson },
        exitCodes: { 0: "all checks are ok", 1: "a check failed, or could not be made" },
        examples: [
          "ecr-cache verify --env prod",
          "ecr-cache verify --env prod --region eu-west-1 --pull nginx:1.27 quay.io/prometheus/prometheus:v3.0.0",
          "ecr-cache verify --env prod --max-age 80 --json",
        ],
      }),
    )
    .action(async (options: Options) => {
      const context = await environmentRegionsContext(options);
      const { requireTargets } = await import("../../registry/target");
      const targets = requireTargets(options.pull ?? [], context);
      const { runVerify } = await import("./run");
      await withAws(context.environment, context.regions[0]!, (aws) =>
        runVerify(session, aws, context, {
          targets,
          maxAgeDays: options.maxAge,
          json: options.json ?? false,
        }),
      );
    });
}
