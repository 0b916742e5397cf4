import { type Credential, SECRET_NAME_PREFIX } from "../../ecr/environment";
import { allowedRepositories } from "../../ecr/only";
import { hidePasswords } from "../../ecr/problem";
import { type UpstreamName, upstreamOf } from "../../ecr/upstreams";
import { UserError } from "../../ecr/user-error";
import {
  type AwsCall,
  type AwsError,
  callOf,
  identify,
  isDenied,
  isExpired,
  isInvalidIdentity,
  isInvalidSignature,
  isRegionOff,
  isThrottled,
  isUnreachable,
} from "./errors";

/*
 * What to do when something fails between this project and AWS. Three tables: errors of calls, pulls that fail,
 * and secrets that ECR can't use.
 */

// Errors of calls

/** What to do for other credentials. */
export const CREDENTIALS_HINT =
  "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login";

/** The inputs of calls that say what they are about. */
const SUBJECTS = [
  "repositoryName",
  "ecrRepositoryPrefix",
  "SecretId",
  "PolicySourceArn",
  "RoleName",
  "KeyId",
  "TopicArn",
] as const;

function subjectOf({ input }: AwsCall): string | undefined {
  const fields = input as Readonly<Partial<Record<(typeof SUBJECTS)[number], unknown>>>;
  const subject = SUBJECTS.map((name) => fields[name]).find((value) => typeof value === "string");
  return subject;
}

/** An error's message as one line. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

function noCredentials(message: string): string {
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
function denied(message: string, call: AwsCall | undefined): string {
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

function unreachable(error: AwsError, call: AwsCall | undefined): string {
  const { name, code = name } = identify(error);
  const host = typeof error.hostname === "string" ? ` ${error.hostname}` : "";
  return `AWS: found no answer to ${where(call)} (${code}${host}); ${endpointHint()}`;
}

/** What to do about an error of a call. */
interface CallRemedy {
  readonly matches: (error: AwsError) => boolean;
  /** One line: what is the matter, then what to do. */
  readonly line: (error: AwsError, message: string, call: AwsCall | undefined) => string;
}

/** The first that matches counts: a region that is off is also one that does not know the credentials. */
const CALL_REMEDIES: readonly CallRemedy[] = [
  {
    matches: ({ name }) => name === "CredentialsProviderError" || name === "TokenProviderError",
    line: (_error, message) => noCredentials(message),
  },
  { matches: isExpired, line: (_error, message) => expired(message) },
  {
    matches: isRegionOff,
    line: (_error, message, call) =>
      `AWS: found that ${call?.region ?? "the region"} is off for the account (${message}); turn it on: AWS Account Management, AWS Regions`,
  },
  {
    matches: isInvalidIdentity,
    line: (_error, message, call) =>
      `AWS: found credentials that ${call?.region ?? "AWS"} does not know (${message}); ${CREDENTIALS_HINT}; or the region is off for the account (AWS Account Management, AWS Regions)`,
  },
  {
    matches: isInvalidSignature,
    line: (_error, message) =>
      `AWS: found a signature that is not valid (${message}); check the secret key, and this machine's clock`,
  },
  { matches: isDenied, line: (_error, message, call) => denied(message, call) },
  {
    matches: isThrottled,
    line: ({ $metadata }, message, call) => {
      const attempts = $metadata?.attempts ?? 1;
      return `AWS: ${where(call)} was throttled ${attempts === 1 ? "" : `in each of ${attempts} attempts `}(${message}); wait a minute and run the command again: others use the same quota`;
    },
  },
  { matches: isUnreachable, line: (error, _message, call) => unreachable(error, call) },
  {
    matches: ({ $metadata }) => ($metadata?.httpStatusCode ?? 0) >= 500,
    line: ({ name }, message, call) =>
      `AWS: ${where(call)} failed on AWS's side (${name}: ${message}); run the command again, and see https://health.aws.amazon.com if it lasts`,
  },
];

/**
 * One line for an error of AWS that says what to do about it; undefined for every other error.
 *
 * @param error What the SDK threw.
 */
export function explainAwsError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const awsError = error as AwsError;
  const remedy = CALL_REMEDIES.find(({ matches }) => matches(awsError));
  return remedy?.line(awsError, oneLine(error.message), callOf(error));
}

/** What went wrong with a call, as one line: with the remedy where it is known. */
export function explainError(error: unknown): string {
  return (
    explainAwsError(error) ??
    (error instanceof Error ? `${error.name}: ${oneLine(error.message)}` : String(error))
  );
}

/** A `UserError` for an error of AWS that says what to do about it; every other error as it is. */
export function toUserError(error: unknown): unknown {
  const line = explainAwsError(error);
  return line === undefined ? error : new UserError(line, { cause: error });
}

// Pulls that fail

/** What a failure means to the person who has to act on it. */
interface Meaning {
  /** Two or three words for the subject. */
  readonly title: string;
  /** Matched with the failure's code first, and with its reason if no code matches. */
  readonly pattern: RegExp;
  readonly means: string;
  readonly toDo: (failure: Failure) => string;
}

/** What the advice about a failure depends on. */
export interface Failure {
  readonly environment: string;
  readonly prefix: string;
  /** The repositories below the prefix that may be pulled. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Undefined for one that this project does not know. */
  readonly upstream: UpstreamName | undefined;
}

function secretName({ prefix }: Failure): string {
  return `${SECRET_NAME_PREFIX}${prefix}`;
}

export function upstreamTitle(upstream: UpstreamName | undefined): string {
  return upstream ? upstreamOf(upstream).title : "the upstream";
}

/** One that is not known may need one: the advice to check it does no harm. */
function needsCredential(upstream: UpstreamName | undefined): boolean {
  return upstream === undefined || upstreamOf(upstream).credential === "required";
}

/*
 * AWS publishes no list of failure codes, so they are read as people would: by the words in them. The order matters,
 * since an unreadable secret is also an access denied.
 */
const MEANINGS: readonly Meaning[] = [
  {
    title: "secret unreadable",
    pattern: /secret|decrypt/i,
    means: "ECR could not read the secret that holds the credential for the upstream.",
    toDo: (failure) =>
      `Check that the secret of the rule (${secretName(failure)}, unless the environment names another) exists in this region, holds "username" and "accessToken", and is encrypted with the default key aws/secretsmanager: ECR reads no other.`,
  },
  {
    title: "too many requests",
    pattern: /too.?many|rate.?(limit|exceed)|throttl|\b429\b/i,
    means: "The upstream's rate limit for the account that ECR pulls with is used up.",
    toDo: ({ upstream }) =>
      needsCredential(upstream)
        ? "Nothing is lost: ECR tries again with the next pull. If it keeps happening, raise the limit of that account, or see who else uses the same credential. Official images of Docker Hub are also on ECR Public (docker/library/…), without its limit."
        : "Nothing is lost: ECR tries again with the next pull. ECR pulls here without a credential, so the limit is not this account's alone.",
  },
  {
    title: "access denied",
    pattern: /denied|unauthori[sz]ed|forbidden|authenticat|authori[sz]ation|credential|\b40[13]\b/i,
    means:
      "The upstream refused ECR: a credential that expired or was revoked, or one that may not read this image.",
    toDo: ({ upstream, environment }) => {
      if (upstream === "ecr") {
        return "Check that the upstream account's repository policy still lets this account in, and that the rule's role still exists (docs/upstreams.md).";
      }
      if (!needsCredential(upstream)) {
        return `ECR pulls from ${upstreamTitle(upstream)} without a credential: the image is private there, or does not exist.`;
      }
      const { tokenName = "token", documentation } = upstream ? upstreamOf(upstream) : {};
      return `Rotate the credential: create a new ${tokenName}${documentation ? ` (${documentation})` : ""}, raise credential.version of the rule by one and deploy ${environment}-credentials with it; or, if the environment names a secret of its own, put the token there. If other images of this upstream still work, the credential may not read this one, or the image's name is wrong: Docker Hub answers so for official images without "library/".`;
    },
  },
  {
    title: "not found",
    pattern: /not.?found|(manifest|name).?unknown|(does|do) not exist|no such|\b404\b/i,
    means: "The upstream has no such image or tag, or has it no more.",
    toDo: () =>
      'Correct the name where it is pulled; official images of Docker Hub need "library/". What was cached before stays until the lifecycle policy expires it.',
  },
  {
    title: "limit reached",
    pattern: /limit.?exceeded|quota/i,
    means: "A quota of ECR is used up, such as that of images in a repository or of repositories.",
    toDo: () =>
      "Have the quota raised (Service Quotas, Amazon ECR), or let the lifecycle policy keep fewer images.",
  },
  {
    title: "repository not made",
    pattern: /template|create.?repository|kms|encrypt|role/i,
    means: "ECR could not make the repository by its creation template.",
    toDo: ({ environment }) =>
      `Check that the role and the KMS key that the template names still exist and let ECR use them; deploy ${environment} again if they were changed by hand.`,
  },
  {
    title: "upstream unavailable",
    pattern: /unavailable|time.?d?.?out|internal|server.?error|connect|network|\b5\d\d\b/i,
    means: "The upstream did not answer, or answered with an error of its own.",
    toDo: ({ upstream }) =>
      `Nothing to do but wait, unless it lasts: see the status page of ${upstreamTitle(upstream)}. ECR tries again with the next pull.`,
  },
];

const UNKNOWN: Omit<Meaning, "pattern"> = {
  title: "unknown failure",
  means: "This project does not know the code. The reason above is ECR's own.",
  toDo: () =>
    "See https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html for what ECR reports.",
};

function meaningOf(code: string, reason: string): Omit<Meaning, "pattern"> {
  const find = (text: string) => MEANINGS.find(({ pattern }) => pattern.test(text));
  return find(code) ?? find(reason) ?? UNKNOWN;
}

/** A failure in two or three words, by the code and the reason that ECR gives. */
export function failureTitle(code: string, reason: string): string {
  return meaningOf(code, reason).title;
}

/** A failure in two or three words, in a sentence, and what to do about it. */
export interface Explanation {
  readonly title: string;
  readonly means: string;
  readonly toDo: string;
}

/** What a failure comes down to, by the code and the reason that ECR gives. */
export function explainFailure(code: string, reason: string, failure: Failure): Explanation {
  const { title, means, toDo } = meaningOf(code, reason);
  return { title, means, toDo: toDo(failure) };
}

/**
 * What to do about a pull through the cache that gives no image.
 *
 * A missing permission looks like a missing image here: ECR answers that there is no such repository to those who may
 * not create it, and no such image to those who may not import it.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html
 *
 * @param problem What ECR answers: the failure's code, or the exception's name, and the reason.
 * @param byDigest Whether the image was named by its digest.
 */
export function pullRemedy(problem: string, byDigest: boolean, failure: Failure): string {
  const repositories = allowedRepositories(failure).join(", ");
  const advice = explainFailure(problem.split(":")[0] ?? "", problem, failure).toDo;
  if (problem.includes("RepositoryNotFoundException")) {
    return `grant the caller ecr:CreateRepository on ${repositories}, and check that the rule exists (ecr-cache rules) and that its template is right (the template's check)`;
  }
  if (/^ImageNotFound\b/.test(problem)) {
    return byDigest
      ? "pull its tag first: ECR does not fetch an image by its digest (https://github.com/aws/containers-roadmap/issues/2837)"
      : `check that the upstream has it, and grant the caller ecr:BatchImportUpstreamImage on ${repositories}. ${advice}`;
  }
  return advice;
}

// Secrets

/** What keeps ECR from using a secret. */
export type SecretFault = "missing" | "deleted" | "other-key" | "wrong-value";

/** The secret that a remedy is for. */
export interface SecretPlace {
  readonly environment: string;
  readonly region: string;
  readonly prefix: string;
  readonly credential: Pick<Credential, "secretName" | "managed">;
}

/** What takes back that a secret is to be deleted. */
export function restoreSecretCommand(secretName: string, region: string): string {
  return `aws secretsmanager restore-secret --secret-id ${secretName} --region ${region}`;
}

const SECRET_REMEDIES: Readonly<Record<SecretFault, (place: SecretPlace) => string>> = {
  missing: ({ environment, region, credential }) =>
    credential.managed
      ? deployCommand(`${environment}-credentials`)
      : `make it in ${region} with the keys "username" and "accessToken", or correct credential.secretName`,
  deleted: ({ region, credential }) => restoreSecretCommand(credential.secretName, region),
  "other-key": ({ region, credential }) =>
    `aws secretsmanager update-secret --secret-id ${credential.secretName} --kms-key-id alias/aws/secretsmanager --region ${region}`,
  "wrong-value": ({ environment, region, prefix }) =>
    `ecr-cache credentials put ${prefix} --env ${environment} --region ${region}`,
};

/** What to do about a secret that ECR can't use. */
export function secretRemedy(fault: SecretFault, place: SecretPlace): string {
  return SECRET_REMEDIES[fault](place);
}

/** What puts right whatever is not as the environment declares it. */
export function deployCommand(stack: string): string {
  return `npx cdktf deploy ${stack}`;
}
