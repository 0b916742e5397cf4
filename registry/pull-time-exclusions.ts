import {
  type ECRClient,
  ListPullTimeUpdateExclusionsCommand,
  RegisterPullTimeUpdateExclusionCommand,
} from "@aws-sdk/client-ecr";
import { isDenied, isException } from "./aws/errors";

/*
 * The roles of whose pulls ECR records no time, so that the last pull of an image is a user's.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html
 */

/** The most on one page. */
const PAGE_SIZE = 1_000;

/** The ARNs of all roles that are excluded in a registry. */
export async function existingExclusions(ecr: ECRClient): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.send(
      new ListPullTimeUpdateExclusionsCommand({ maxResults: PAGE_SIZE, nextToken }),
    );
    arns.push(...(page.pullTimeUpdateExclusions ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return arns;
}

/**
 * Excludes the roles that are not excluded yet.
 *
 * @returns The ARNs of these.
 */
export async function registerExclusions(
  ecr: ECRClient,
  wanted: readonly string[],
): Promise<string[]> {
  if (wanted.length === 0) return [];
  const existing = await existingExclusions(ecr);
  const missing = wanted.filter((arn) => !existing.includes(arn));
  for (const principalArn of missing) {
    try {
      await ecr.send(new RegisterPullTimeUpdateExclusionCommand({ principalArn }));
    } catch (error) {
      // Another environment of the registry was faster.
      if (!isException(error, "ExclusionAlreadyExistsException")) throw error;
    }
  }
  return missing;
}

/**
 * Whether a caller's pulls count as a user's. Where that can't be read, or the caller is no role, they do.
 *
 * @param caller The ARN that STS gives; that of an assumed role lacks the role's path.
 */
export async function doPullsCount(ecr: ECRClient, caller: string): Promise<boolean> {
  const [, , , , account = "", resource = ""] = caller.split(":");
  const [kind, role] = resource.split("/");
  if (kind !== "assumed-role") return true;
  try {
    const arns = await existingExclusions(ecr);
    return !arns.some((arn) => arn.split(":")[4] === account && arn.split("/").at(-1) === role);
  } catch (error) {
    if (isDenied(error)) return true;
    throw error;
  }
}
