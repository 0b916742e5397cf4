import { createHash } from "node:crypto";
import type { Environment } from "./environment/model";
import { partitionOf } from "./region";

/** Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_ROLE_NAME_LENGTH = 64;

/** The name of an IAM role: one that is too long is cut, and a hash distinguishes it from others with the same start. */
export function roleName(name: string): string {
  if (name.length <= MAX_ROLE_NAME_LENGTH) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_ROLE_NAME_LENGTH - hash.length - 1)}-${hash}`;
}

/** The ARN of a role that the stacks of an environment create. */
export function roleArn({ account, regions, rolePath }: Environment, name: string): string {
  return `arn:${partitionOf(regions[0]!)}:iam::${account}:role${rolePath}${roleName(name)}`;
}
