import { constrain, invalidParameter } from "./exceptions";

const ROLE_ARN = /^arn:aws[a-z-]*:iam::([0-9]{12}):role\/.+$/;

/** Checks that a role is one of the registry's own account (`customRoleArn` in the API reference). */
export function constrainRoleArn(arn: string | undefined, account: string): void {
  constrain(arn, "customRoleArn", { max: 2048, pattern: ROLE_ARN });
  if (arn !== undefined && ROLE_ARN.exec(arn)?.[1] !== account) {
    throw invalidParameter("customRoleArn", `the role must be in the account ${account}`);
  }
}
