import type { IamRoleConfig } from "@cdktf/provider-aws/lib/iam-role";
import { createHash } from "node:crypto";
import type { Environment } from "../ecr/environment";

/** Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_ROLE_NAME_LENGTH = 64;

/** The name of an IAM role: one that is too long is cut, and told from others that begin alike by a hash. */
function roleName(name: string): string {
  if (name.length <= MAX_ROLE_NAME_LENGTH) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_ROLE_NAME_LENGTH - hash.length - 1)}-${hash}`;
}

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
