import type {
  DeregisterPullTimeUpdateExclusionRequest,
  DeregisterPullTimeUpdateExclusionResponse,
  ListPullTimeUpdateExclusionsRequest,
  ListPullTimeUpdateExclusionsResponse,
  RegisterPullTimeUpdateExclusionRequest,
  RegisterPullTimeUpdateExclusionResponse,
} from "@aws-sdk/client-ecr";
import type { Caller } from "./authorization";
import type { Action } from "./context";
import { constrain, EcrException, required } from "./exceptions";
import { page } from "./paging";
import type { Registry } from "./state";

/*
 * The roles whose pulls ECR does not record.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html
 */

const MAX_EXCLUSIONS = 100;

const ROLE = /^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role\/.+$/;

function principalOf(input: { readonly principalArn?: string | undefined }): string {
  const arn = required(input.principalArn, "principalArn");
  constrain(arn, "principalArn", { pattern: ROLE });
  return arn;
}

export const registerPullTimeUpdateExclusion: Action<
  RegisterPullTimeUpdateExclusionRequest,
  RegisterPullTimeUpdateExclusionResponse
> = (input, { registry, now }) => {
  const principalArn = principalOf(input);
  if (registry.pullTimeExclusions.has(principalArn)) {
    throw new EcrException(
      "ExclusionAlreadyExistsException",
      `The pull time update exclusion for '${principalArn}' already exists in the registry`,
    );
  }
  if (registry.pullTimeExclusions.size === MAX_EXCLUSIONS) {
    throw new EcrException(
      "LimitExceededException",
      `The registry already has ${MAX_EXCLUSIONS} pull time update exclusions`,
    );
  }
  registry.pullTimeExclusions.set(principalArn, now);
  return { principalArn, createdAt: now };
};

export const deregisterPullTimeUpdateExclusion: Action<
  DeregisterPullTimeUpdateExclusionRequest,
  DeregisterPullTimeUpdateExclusionResponse
> = (input, { registry }) => {
  const principalArn = principalOf(input);
  if (!registry.pullTimeExclusions.delete(principalArn)) {
    throw new EcrException(
      "ExclusionNotFoundException",
      `The pull time update exclusion for '${principalArn}' does not exist in the registry`,
    );
  }
  return { principalArn };
};

export const listPullTimeUpdateExclusions: Action<
  ListPullTimeUpdateExclusionsRequest,
  ListPullTimeUpdateExclusionsResponse
> = (input, { registry }) => {
  const { items, nextToken } = page(registry.pullTimeExclusions.keys(), (arn) => arn, input);
  return { pullTimeUpdateExclusions: items, nextToken };
};

/** Whether the pulls of a caller leave no trace. The ARN of an assumed role lacks the path of the role. */
export function isExcluded({ account, role }: Caller, { pullTimeExclusions }: Registry): boolean {
  return (
    role !== undefined &&
    [...pullTimeExclusions.keys()].some(
      (arn) => arn.split(":")[4] === account && arn.split("/").at(-1) === role,
    )
  );
}
