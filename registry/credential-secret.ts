/*
 * The secret that ECR reads to pull from an upstream: what its ARN and its value must be like.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
 */

/** Bytes in a secret's value (Secrets Manager API, `SecretString`). */
export const MAX_SECRET_BYTES = 65_536;

/** What is in a secret's ARN. */
export interface SecretArn {
  readonly account: string;
  readonly region: string;
  /** The secret's name, without the six characters that Secrets Manager adds to it in the ARN. */
  readonly name: string;
}

/** The parts of a secret's ARN; undefined for anything else. */
export function parseSecretArn(arn: string): SecretArn | undefined {
  const match = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):([0-9]{12}):secret:(.+)$/.exec(arn);
  if (!match) return undefined;
  const [, region = "", account = "", name = ""] = match;
  return { account, region, name: name.replace(/-[A-Za-z0-9]{6}$/, "") };
}

/**
 * What keeps ECR from pulling with a secret's value, in words without anything of the value; an empty list if nothing
 * does.
 *
 * @param username The user name that the environment has, if it has one.
 */
export function credentialProblems(text: string | undefined, username?: string): string[] {
  const shape = 'a JSON object with "username" and "accessToken"';
  if (text === undefined) return [`it holds bytes, or nothing; allowed: ${shape}`];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [`it holds a string that is not JSON; allowed: ${shape}`];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [`it holds JSON that is no object; allowed: ${shape}`];
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const problems = (["username", "accessToken"] as const).flatMap((key) =>
    fieldProblems(key, fields[key]),
  );
  if (problems.length === 0 && username !== undefined && fields.username !== username) {
    problems.push(`its "username" is not ${username}, which the environment has`);
  }
  return problems;
}

function fieldProblems(key: string, value: unknown): string[] {
  if (value === undefined) return [`it lacks "${key}"`];
  if (typeof value !== "string") return [`its "${key}" is no text`];
  if (value === "") return [`its "${key}" is empty`];
  // A line break that `echo` has put there makes the upstream refuse it.
  if (/\s/.test(value)) return [`its "${key}" has white space`];
  return [];
}
