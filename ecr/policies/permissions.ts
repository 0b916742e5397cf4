import type { Environment } from "../environment/model";
import { deployerStatements } from "./deployers";
import {
  formatPolicy,
  MAX_MANAGED_POLICY_LENGTH,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
} from "./document";
import { type OperatedCommand, operatedCommands, operatorStatements } from "./operators";

/*
 * The identity-based policies of those who plan, deploy and operate an environment, which `ecr-cache permissions`
 * prints. A test compares them with the calls that Terraform makes.
 */

/** Who gets a policy. */
export const permissionRoles = ["plan", "deploy", "operate"] as const;

export type Role = (typeof permissionRoles)[number];

/**
 * The policies of a role, each within IAM's limit for a customer managed policy.
 *
 * @param commands Of `operate`: the commands to be allowed. Default: all.
 */
export function permissionPolicies(
  environment: Environment,
  role: Role,
  commands: readonly OperatedCommand[] = operatedCommands,
): PolicyDocument[] {
  const statements =
    role === "operate"
      ? operatorStatements(environment, commands)
      : deployerStatements(environment, role);
  const policies: PolicyStatement[][] = [[]];
  for (const statement of statements) {
    const last = policies.at(-1)!;
    if (
      last.length > 0 &&
      formatPolicy(policyDocument(...last, statement)).length > MAX_MANAGED_POLICY_LENGTH
    ) {
      policies.push([statement]);
    } else last.push(statement);
  }
  return policies.map((list) => policyDocument(...list));
}
