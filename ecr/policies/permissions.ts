import type { Consumer, Environment } from "../environment/model";
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

/** Of what the permissions are. */
export interface PermissionScope {
  /** Of `operate`: the commands to be allowed. Default: all. */
  readonly commands?: readonly OperatedCommand[];
  /** Of `plan` and `deploy`: the consumer whose stack it is. Default: the stacks of the environment's account. */
  readonly consumer?: Consumer;
}

/** The policies of a role, each within IAM's limit for a customer managed policy. */
export function permissionPolicies(
  environment: Environment,
  role: Role,
  { commands = operatedCommands, consumer }: PermissionScope = {},
): PolicyDocument[] {
  const statements =
    role === "operate"
      ? operatorStatements(environment, commands)
      : deployerStatements(environment, role, consumer);
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
