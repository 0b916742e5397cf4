import type { Consumer, Environment } from "../../ecr/environment";
import { type OperatedCommand, operatedCommands } from "../../ecr/policies/operators";
import { permissionPolicies, type Role } from "../../ecr/policies/permissions";
import { UserError } from "../../ecr/user-error";
import { count, printJson } from "../shell/output";
import type { Session } from "../shell/session";

/** What is asked for. */
export interface PermissionsRequest {
  /** One of `permissionRoles`. */
  readonly role: string;
  readonly commands?: readonly string[];
  /** The consumer whose stack is planned or deployed. Default: the stacks of the environment's account. */
  readonly consumer?: Consumer;
  /** Which of the policies, from 1; needed where there are several. */
  readonly part?: number;
}

/** @throws UserError if one of the commands calls nothing in AWS, or does not exist. */
function operated(commands: readonly string[]): OperatedCommand[] {
  return commands.map((name) => {
    const command = operatedCommands.find((candidate) => candidate === name);
    if (command) return command;
    throw new UserError(
      `--command: found ${JSON.stringify(name)}; allowed: ${operatedCommands.join(", ")}`,
    );
  });
}

/**
 * Prints an IAM policy as JSON.
 *
 * @throws UserError if an option is not for this role, or the policy has several parts and none is named, or the part does
 * not exist.
 */
export function printPermissions(
  environment: Environment,
  { role, commands, consumer, part }: PermissionsRequest,
  session: Session,
): void {
  if (commands && role !== "operate") {
    throw new UserError(`--command applies to operate only; leave it out for ${role}`);
  }
  if (consumer && role === "operate") {
    throw new UserError(
      "--consumer applies to plan and deploy only; those who operate the cache call its own account",
    );
  }
  const policies = permissionPolicies(environment, role as Role, {
    ...(commands && { commands: operated(commands) }),
    ...(consumer && { consumer }),
  });
  if (part === undefined && policies.length > 1) {
    throw new UserError(
      `the policy exceeds IAM's limit of one managed policy and has ${count(policies.length, "part")}: run the command with --part 1 to --part ${policies.length}, and attach them all`,
    );
  }
  const policy = policies[(part ?? 1) - 1];
  if (!policy) {
    throw new UserError(`--part: found ${part}; allowed: 1 to ${policies.length}`);
  }
  printJson(session, policy);
}
