import type { IamRoleConfig } from "@cdktf/provider-aws/lib/iam-role";
import type { Environment } from "../ecr/environment";
import { roleName } from "../ecr/role-name";

/** What an environment wants of every role of its stacks. */
export function roleSettings(
  { rolePath, permissionsBoundary }: Environment,
  name: string,
): Pick<IamRoleConfig, "name" | "path" | "permissionsBoundary"> {
  return {
    name: roleName(name),
    ...(rolePath !== "/" && { path: rolePath }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
  };
}
