import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Credential } from "../ecr/environment";
import { credentialProblems } from "./credential-secret";
import { explainAwsError, isDenied } from "./aws/errors";

/** A credential's secret in one region, as far as it may be shown. */
export interface SecretState {
  readonly exists: boolean;
  readonly arn?: string;
  /** When its value was put; where that may not be read, when anything of the secret was changed. */
  readonly changedAt?: Date;
  /** Why ECR can't pull with it, in words without its value; an empty list: nothing is wrong. */
  readonly problems: readonly string[];
  /** Whether it is to be deleted; then ECR can't read it. */
  readonly isDeleted: boolean;
  /** Why the value was not looked at. */
  readonly unread?: string;
}

/** What Secrets Manager leaves out for a secret under the default key, or has as its alias. */
const DEFAULT_KEY = /^$|(^|\/)aws\/secretsmanager$/;

interface Value {
  readonly problems: readonly string[];
  readonly createdAt?: Date;
  readonly unread?: string;
}

async function inspectValue(
  client: SecretsManagerClient,
  { secretName, username }: Credential,
): Promise<Value> {
  try {
    const { SecretString, CreatedDate } = await client.send(
      new GetSecretValueCommand({ SecretId: secretName }),
    );
    return {
      problems: credentialProblems(SecretString, username),
      ...(CreatedDate && { createdAt: CreatedDate }),
    };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { problems: ["it has no value yet"] };
    if (isDenied(error)) return { problems: [], unread: explainAwsError(error) };
    throw error;
  }
}

/** Looks at a credential's secret. Its value is read to see its form, and goes nowhere. */
export async function inspectSecret(
  client: SecretsManagerClient,
  credential: Credential,
): Promise<SecretState> {
  let described;
  try {
    described = await client.send(new DescribeSecretCommand({ SecretId: credential.secretName }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    return { exists: false, isDeleted: false, problems: ["there is no such secret"] };
  }
  const { ARN, DeletedDate, KmsKeyId = "", LastChangedDate } = described;
  const common = { exists: true, ...(ARN && { arn: ARN }) };
  if (DeletedDate) {
    return {
      ...common,
      isDeleted: true,
      problems: [`it is to be deleted (since ${DeletedDate.toISOString().slice(0, 10)})`],
    };
  }
  const value = await inspectValue(client, credential);
  const changedAt = value.createdAt ?? LastChangedDate;
  return {
    ...common,
    isDeleted: false,
    ...(changedAt && { changedAt }),
    ...(value.unread !== undefined && { unread: value.unread }),
    problems: [
      ...(DEFAULT_KEY.test(KmsKeyId)
        ? []
        : [`it is under the key ${KmsKeyId}, and ECR reads only secrets under aws/secretsmanager`]),
      ...value.problems,
    ],
  };
}

/** What to do about a secret that is not as it should be. */
export function secretRemedy(
  { exists, isDeleted, problems }: SecretState,
  { secretName, managed }: Credential,
  prefix: string,
  environment: string,
  region: string,
): string {
  if (!exists) {
    return managed
      ? `npx cdktf deploy ${environment}-credentials`
      : `make it in ${region} with the keys "username" and "accessToken", or correct credential.secretName`;
  }
  if (isDeleted) {
    return `aws secretsmanager restore-secret --secret-id ${secretName} --region ${region}`;
  }
  if (problems.some((problem) => problem.includes("under the key"))) {
    return `aws secretsmanager update-secret --secret-id ${secretName} --kms-key-id alias/aws/secretsmanager --region ${region}`;
  }
  return `ecr-cache credentials put ${prefix} --env ${environment} --region ${region}`;
}
