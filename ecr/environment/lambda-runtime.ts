import { allowsOnly } from "./provider-version";

/** A runtime of the maintenance functions, by its name at AWS Lambda. */
export type LambdaRuntime = "nodejs22.x" | "nodejs24.x";

/**
 * When AWS stops supporting a runtime. From two months after it, Lambda refuses new code for it.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
 */
export const END_OF_SUPPORT: Readonly<Record<LambdaRuntime, string>> = {
  "nodejs22.x": "2027-04-30",
  "nodejs24.x": "2028-04-30",
};

/**
 * The oldest hashicorp/aws that accepts nodejs24.x; older ones refuse it when they validate.
 * Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/CHANGELOG.md (6.21.0, #45024)
 */
export const NODEJS_24_PROVIDER = "6.21.0";

/**
 * The newest runtime that every version of the provider accepts which an environment allows.
 *
 * @param awsProviderVersion The environment's constraint, which has been checked.
 */
export function lambdaRuntime(awsProviderVersion: string): LambdaRuntime {
  return allowsOnly(awsProviderVersion, `>=${NODEJS_24_PROVIDER}`) ? "nodejs24.x" : "nodejs22.x";
}
