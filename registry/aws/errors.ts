import { isThrottlingError, isTransientError } from "@smithy/core/retry";
import type { SdkError } from "@smithy/types";

/*
 * What kinds of errors there are between a command and AWS; what to do about them is in `remedies.ts`. The SDK's errors
 * say neither which call failed nor where: `recordCall` remembers that.
 *
 * Source of the codes: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and the same page of each
 * service's reference.
 */

/** One call of an AWS API. */
export interface AwsCall {
  /** The prefix of the service's IAM actions, such as `ecr`. */
  readonly service: string;
  /** Such as `DescribeRepositories`. */
  readonly operation: string;
  readonly region: string;
  /** What was asked; only what it was asked about is ever shown. */
  readonly input: object;
}

const calls = new WeakMap<object, AwsCall>();

/** Remembers which call an error came from. */
export function recordCall(error: unknown, call: AwsCall): void {
  if (error instanceof Error && !calls.has(error)) calls.set(error, call);
}

/** The call that an error came from, as far as it is remembered. */
export function callOf(error: object): AwsCall | undefined {
  return calls.get(error);
}

const EXPIRED = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "UnauthorizedSSOTokenError",
  "LoginRefreshTokenExpired",
]);

const INVALID_IDENTITY = new Set([
  "InvalidClientTokenId",
  "InvalidAccessKeyId",
  "UnrecognizedClientException",
  "AuthFailure",
]);

const INVALID_SIGNATURE = new Set([
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "RequestTimeTooSkewed",
]);

const DENIED = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "UnauthorizedOperation",
  "NotAuthorized",
]);

const REGION_OFF = new Set(["RegionDisabledException", "OptInRequired"]);

/** An error as the SDK throws it, with what Node's errors of connections have. */
export type AwsError = SdkError & { readonly code?: unknown; readonly hostname?: unknown };

/** Whether the credentials are out of date. */
export function isExpired({ name }: Error): boolean {
  return EXPIRED.has(name);
}

/** Whether the region is turned off for the account. */
export function isRegionOff({ name }: Error): boolean {
  return REGION_OFF.has(name);
}

/** Whether a call was not signed as AWS wants it. */
export function isInvalidSignature({ name }: Error): boolean {
  return INVALID_SIGNATURE.has(name);
}

/** Whether AWS does not know the credentials: they are wrong, or the region is off for their account. */
export function isInvalidIdentity(error: unknown): boolean {
  return error instanceof Error && (INVALID_IDENTITY.has(error.name) || isRegionOff(error));
}

/** Whether the caller lacks a permission. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && DENIED.has(error.name);
}

/** Whether something thrown is AWS's exception of that name. */
export function isException(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/**
 * Whether a call was refused as one of too many. The SDK takes `LimitExceededException` for that, too; of the services
 * that are called here, it means a quota, which no wait raises.
 */
export function isThrottled(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name !== "LimitExceededException" &&
    isThrottlingError(error as SdkError)
  );
}

/** How the SDK passes on an error of Node that comes from another realm than its own, such as a test's. */
const WRAPPED = /^AWS SDK error wrapper for (\w+): (.*)$/s;

/** The name of an error and the code that Node gives it, also of a wrapped one. */
export function identify(error: AwsError): {
  readonly name: string;
  readonly code: string | undefined;
} {
  const [, name = error.name, text = ""] = WRAPPED.exec(error.message) ?? [];
  const code = typeof error.code === "string" ? error.code : /\b(E[A-Z_]{4,})\b/.exec(text)?.[1];
  return { name, code };
}

/** Whether a call found no answer: the network, a proxy, a certificate. */
export function isUnreachable(error: AwsError): boolean {
  const { name, code = "" } = identify(error);
  return (
    isTransientError(Object.assign(new Error(), { name, code }) as SdkError) ||
    /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO_)/.test(code)
  );
}

/** Whether an error is of a call, that is of AWS, the way there, or the credentials; everything else is a defect. */
export function isCallError(error: unknown): boolean {
  return (
    error instanceof Error &&
    ("$metadata" in error ||
      typeof (error as AwsError).code === "string" ||
      error.name === "TimeoutError" ||
      error.name.endsWith("ProviderError"))
  );
}
