import type { Context } from "./context";
import { constrain, EcrException } from "./exceptions";

/** Source: `credentialArn` in the API reference of CreatePullThroughCacheRule. */
const CREDENTIAL_ARN =
  /^arn:aws(-\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/;

/** Checks the form of a credential's ARN: the secret's name begins with `ecr-pullthroughcache/`. */
export function constrainCredentialArn(arn: string | undefined): void {
  constrain(arn, "credentialArn", { min: 50, max: 612, pattern: CREDENTIAL_ARN });
}

/**
 * Checks that ECR can pull with a secret: JSON with `username` and `accessToken`, encrypted under the default key.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html; which of its
 * exceptions ECR answers with for other content is not documented.
 */
export async function checkCredential(arn: string, context: Context): Promise<void> {
  const { account, region } = context.registry;
  const [, , , secretRegion, secretAccount] = arn.split(":");
  // A secret must be in the account and region of the rule.
  const elsewhere = secretRegion !== region || secretAccount !== account;
  const secret = elsewhere
    ? ({ state: "absent" } as const)
    : await context.services.readSecret(arn);
  if (secret.state === "absent") {
    throw new EcrException(
      "SecretNotFoundException",
      "The ARN of the secret specified in the pull through cache rule was not found. Update the secret ARN and try again.",
    );
  }
  if (secret.state === "present" && secret.kmsKeyId) {
    throw new EcrException(
      "UnableToDecryptSecretValueException",
      "The secret is accessible but is unable to be decrypted. Verify the resource permissions and try again.",
    );
  }
  if (secret.state === "without a value" || !isCredential(secret.text)) {
    throw new EcrException(
      "UnableToAccessSecretException",
      "The secret is unable to be accessed. Verify the resource permissions for the secret and try again.",
    );
  }
}

function isCredential(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof value !== "object" || value === null) return false;
  const { username, accessToken } = value as Record<string, unknown>;
  return [username, accessToken].every((part) => typeof part === "string" && part !== "");
}
