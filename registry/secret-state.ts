import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Credential } from "../ecr/environment";
import { credentialProblems } from "./credential-secret";
import { isDenied } from "./aws/errors";
import { explainAwsError, type SecretFault } from "./aws/remedies";

/** A credential's secret in one region, as far as it may be shown. */
export interface SecretState {
  readonly arn?: string;
  /** When its value was put; where that may not be read, when anything of the secret was changed. */
  readonly changedAt?: Date;
  /** Why ECR can't pull with it, in words without its value; an empty list: nothing is wrong. */
  readonly problems: readonly string[];
  /** The first of these problems, which the remedy is for. */
  readonly fault?: SecretFault;
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

/** Looks at a credential's secret. Its value is read only to check its form. */
export async function inspectSecret(
  client: SecretsManagerClient,
  credential: Credential,
): Promise<SecretState> {
  let described;
  try {
    described = await client.send(new DescribeSecretCommand({ SecretId: credential.secretName }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    return { fault: "missing", problems: ["there is no such secret"] };
  }
  const { ARN, DeletedDate, KmsKeyId = "", LastChangedDate } = described;
  const arn = ARN ? { arn: ARN } : {};
  if (DeletedDate) {
    return {
      ...arn,
      fault: "deleted",
      problems: [`it is to be deleted (since ${DeletedDate.toISOString().slice(0, 10)})`],
    };
  }
  const value = await inspectValue(client, credential);
  const changedAt = value.createdAt ?? LastChangedDate;
  const isReadable = DEFAULT_KEY.test(KmsKeyId);
  const problems = [
    ...(isReadable
      ? []
      : [`it is under the key ${KmsKeyId}, and ECR reads only secrets under aws/secretsmanager`]),
    ...value.problems,
  ];
  return {
    ...arn,
    ...(problems.length > 0 && { fault: isReadable ? "wrong-value" : "other-key" }),
    ...(changedAt && { changedAt }),
    ...(value.unread !== undefined && { unread: value.unread }),
    problems,
  };
}
