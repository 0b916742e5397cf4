import type { ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { UserError } from "../../ecr/user-error";
import { doPullsCount } from "../../registry/pull-time-exclusions";
import type { Aws } from "../../registry/aws/with-aws";
import type { Session } from "./session";

const EXCLUDE_ROLE =
  "add the ARN of the role that you work with to prune.pullTimeUpdateExclusions and deploy (docs/operations.md, Pruning)";

/** Whether ECR records the pulls of a command in an environment that prunes, as those of users. */
async function recordsPulls(ecr: ECRClient, aws: Aws, { prune }: Environment): Promise<boolean> {
  return prune !== undefined && (await doPullsCount(ecr, aws.caller));
}

/** Warns where the pulls of a command keep images from being pruned. */
export async function warnOfRecordedPulls(
  session: Session,
  aws: Aws,
  environment: Environment,
  region: string,
): Promise<void> {
  if (!(await recordsPulls(await aws.ecr(region), aws, environment))) return;
  session.stderr.write(
    `ecr-cache: ${region}: ECR records these pulls as a user's, which keeps the images from being pruned: ${EXCLUDE_ROLE}\n`,
  );
}

/**
 * Refuses what would pull every image, where these pulls keep all of them from being pruned.
 *
 * @throws UserError with what to do.
 */
export async function requireUnrecordedPulls(
  aws: Aws,
  environment: Environment,
  region: string,
  what: string,
): Promise<void> {
  if (!(await recordsPulls(await aws.ecr(region), aws, environment))) return;
  throw new UserError(
    `${what} pulls every image in ${region}, and no image of environment ${environment.name} would be pruned for ${environment.prune?.unpulledForDays} days. First ${EXCLUDE_ROLE}`,
  );
}
