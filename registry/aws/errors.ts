import { isThrottlingError, isTransientError } from "@smithy/core/retry";
import type { SdkError } from "@smithy/types";
import { hidePasswords } from "../../ecr/problem";
import { UserError } from "../../ecr/user-error";

/*
 * What goes wrong between a command and AWS, as one line with the cause and the remedy. The SDK's errors say neither
 * which call failed nor where: `recordCall` remembers that.
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

const calls = new WeakMap<Error, AwsCall>();

/** Remembers which call an error came from. */
export function recordCall(error: unknown, call: AwsCall): void {
  if (error instanceof Error && !calls.has(error)) calls.set(error, call);
}

/** The inputs of calls that say what they are about. */
const SUBJECTS = [
  "repositoryName",
  "ecrRepositoryPrefix",
  "SecretId",
  "PolicySourceArn",
  "RoleName",
] as const;

function subjectOf({ input }: AwsCall): string | undefined {
  const fields = input as Readonly<Partial<Record<(typeof SUBJECTS)[number], unknown>>>;
  const subject = SUBJECTS.map((name) => fields[name]).find((value) => typeof value === "string");
  return subject;
}

/** What to do for other credentials. */
export const CREDENTIALS_HINT =
  "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login";

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
type AwsError = SdkError & { readonly code?: unknown; readonly hostname?: unknown };

/** Whether AWS does not know the credentials: they are wrong, or the region is off for their account. */
export function isInvalidIdentity(error: unknown): boolean {
  return error instanceof Error && (INVALID_IDENTITY.has(error.name) || REGION_OFF.has(error.name));
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

/** An error's message as one line. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

function noCredentials(error: Error): string {
  const message = oneLine(error.message);
  if (/expired/i.test(message)) return expired(message);
  const profile = process.env.AWS_PROFILE;
  const tried = profile ? ` in profile ${profile}` : "";
  return `AWS: found no credentials${tried} (${message}); ${CREDENTIALS_HINT}`;
}

function expired(message: string): string {
  return `AWS: found expired credentials (${message}); get new ones: run aws sso login, or assume the role again`;
}

function where(call: AwsCall | undefined): string {
  return call ? `${call.service}:${call.operation} in ${call.region}` : "a call";
}

/**
 * Which permission is missing, on what.
 * Source of the form: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
function denied(error: Error, call: AwsCall | undefined): string {
  const message = oneLine(error.message);
  const form =
    /User: (\S+) is not authorized to perform: (\S+)(?: on resource: (\S+))?(?:.*?((?:because|with) .*))?$/.exec(
      message,
    );
  const [, caller = "the caller", action, resource, because] = form ?? [];
  const permission = action ?? (call ? `${call.service}:${call.operation}` : "the call");
  const subject = resource ?? (call && subjectOf(call));
  const detail = form ? (because ?? "") : message;
  const isExplicit = message.includes("explicit deny");
  return [
    `AWS: ${caller} lacks the permission ${permission}${subject ? ` on ${subject}` : ""}`,
    call ? ` in ${call.region}` : "",
    detail ? ` (${detail})` : "",
    isExplicit
      ? "; a policy denies it: have it changed, or use another role"
      : "; allow it in the caller's IAM policy, or use another role",
  ].join("");
}

function endpointHint(): string {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  return endpoint
    ? `check AWS_ENDPOINT_URL (${hidePasswords(endpoint)})`
    : "check the network, a proxy, and that the region exists";
}

/** How the SDK passes on an error of Node that comes from another realm than its own, such as a test's. */
const WRAPPED = /^AWS SDK error wrapper for (\w+): (.*)$/s;

/** The name and the code of an error, also of a wrapped one. */
function identify(error: AwsError): { readonly name: string; readonly code: string | undefined } {
  const [, name = error.name, text = ""] = WRAPPED.exec(error.message) ?? [];
  const code = typeof error.code === "string" ? error.code : /\b(E[A-Z_]{4,})\b/.exec(text)?.[1];
  return { name, code };
}

function unreachable(error: AwsError, call: AwsCall | undefined): string {
  const { name, code = name } = identify(error);
  const host = typeof error.hostname === "string" ? ` ${error.hostname}` : "";
  return `AWS: found no answer to ${where(call)} (${code}${host}); ${endpointHint()}`;
}

function isUnreachable(error: AwsError): boolean {
  const { name, code = "" } = identify(error);
  return (
    isTransientError(Object.assign(new Error(), { name, code }) as SdkError) ||
    /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO_)/.test(code)
  );
}

/**
 * One line for an error of AWS that says what to do about it; undefined for every other error.
 *
 * @param error What the SDK threw.
 */
export function explainAwsError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const sdkError = error as AwsError;
  const call = calls.get(error);
  const message = oneLine(error.message);
  const { name } = error;

  if (name === "CredentialsProviderError" || name === "TokenProviderError") {
    return noCredentials(error);
  }
  if (EXPIRED.has(name)) return expired(message);
  if (REGION_OFF.has(name)) {
    return `AWS: found that ${call?.region ?? "the region"} is off for the account (${message}); turn it on: AWS Account Management, AWS Regions`;
  }
  if (INVALID_IDENTITY.has(name)) {
    return `AWS: found credentials that ${call?.region ?? "AWS"} does not know (${message}); ${CREDENTIALS_HINT}; or the region is off for the account (AWS Account Management, AWS Regions)`;
  }
  if (INVALID_SIGNATURE.has(name)) {
    return `AWS: found a signature that is not valid (${message}); check the secret key, and this machine's clock`;
  }
  if (DENIED.has(name)) return denied(error, call);
  if (isThrottled(error)) {
    const attempts = sdkError.$metadata?.attempts ?? 1;
    return `AWS: ${where(call)} was throttled ${attempts === 1 ? "" : `in each of ${attempts} attempts `}(${message}); wait a minute and run the command again: others use the same quota`;
  }
  if (isUnreachable(sdkError)) return unreachable(sdkError, call);
  if ((sdkError.$metadata?.httpStatusCode ?? 0) >= 500) {
    return `AWS: ${where(call)} failed on AWS's side (${name}: ${message}); run the command again, and see https://health.aws.amazon.com if it lasts`;
  }
  return undefined;
}

/** A `UserError` for an error of AWS that says what to do about it; every other error as it is. */
export function toUserError(error: unknown): unknown {
  const line = explainAwsError(error);
  return line === undefined ? error : new UserError(line, { cause: error });
}
