import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Environment } from "../../ecr/environment";
import { partitionOf } from "../../ecr/region";
import { UserError } from "../../ecr/user-error";
import type { Plan } from "../../plan/plan";
import { isDenied } from "../../registry/aws/errors";
import { mapAll } from "../../registry/aws/map-concurrently";
import { explainAwsError } from "../../registry/aws/remedies";
import { withAws } from "../../registry/aws/with-aws";

/*
 * Whether what Terraform does right after it has created a secret will be allowed. It reads the secret; if that is refused, it
 * takes the secret for damaged, and the next deployment deletes it, with the recovery window of 30 days in which nobody
 * can create one of that name. So the reads are tried before.
 */

/** Secrets asked about concurrently. */
const CONCURRENCY = 5;

/** Secrets Manager ends ARNs with six characters; policies that end with `-??????` match this secret, which does not exist. */
const NO_SUFFIX = "-AAAAAA";

interface NewSecret {
  readonly name: string;
  readonly region: string;
}

function newSecrets({ changes }: Plan): NewSecret[] {
  return changes.flatMap(({ type, action, after, region }) =>
    type === "aws_secretsmanager_secret" &&
    action === "create" &&
    typeof after.name === "string" &&
    region !== null
      ? [{ name: after.name, region }]
      : [],
  );
}

/** What AWS answers instead of `ResourceNotFoundException`; undefined where it answers that or something else went wrong. */
async function refusalOf(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    if (!isDenied(error)) throw error;
    return explainAwsError(error) ?? String(error);
  }
  return undefined;
}

/** Why a secret can't be created, if it is there. Who may not ask by the name learns it from the apply. */
async function obstacleOf(
  client: SecretsManagerClient,
  { name, region }: NewSecret,
  environment: Environment,
): Promise<string | undefined> {
  try {
    const { DeletedDate } = await client.send(new DescribeSecretCommand({ SecretId: name }));
    const state = DeletedDate ? "is scheduled for deletion" : "exists and is not in the state";
    return `secret ${name} in ${region} ${state}. Run ecr-cache recover --env ${environment.name}`;
  } catch (error) {
    if (error instanceof ResourceNotFoundException || isDenied(error)) return undefined;
    throw error;
  }
}

/**
 * Makes sure that the secrets that a plan creates can be created and read.
 *
 * @throws UserError with each missing permission, and each secret that is in the way; nothing was changed then.
 */
export async function checkNewSecrets(environment: Environment, plan: Plan): Promise<void> {
  const secrets = newSecrets(plan);
  const [first] = secrets;
  if (!first) return;
  const problems = await withAws(environment, first.region, (aws) =>
    mapAll(secrets, CONCURRENCY, async (secret) => {
      const { name, region } = secret;
      const client = await aws.secretsManager(region);
      const SecretId = `arn:${partitionOf(region)}:secretsmanager:${region}:${environment.account}:secret:${name}${NO_SUFFIX}`;
      return [
        await refusalOf(() => client.send(new DescribeSecretCommand({ SecretId }))),
        await refusalOf(() => client.send(new GetResourcePolicyCommand({ SecretId }))),
        await obstacleOf(client, secret, environment),
      ];
    }),
  );
  const found = [...new Set(problems.flat())].filter((problem) => problem !== undefined);
  if (found.length > 0) throw new UserError([...found, "Nothing was changed."].join("\n"));
}
