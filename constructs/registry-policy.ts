import { EcrRegistryPolicy } from "@cdktf/provider-aws/lib/ecr-registry-policy";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";
import type { Environment } from "../ecr/environment";
import {
  formatPolicy,
  type PolicyDocument,
  REGISTRY_STATEMENT_IDS,
  type RegistryStatement,
  registryStatementsIn,
} from "../ecr/policies";
import { logicalId } from "../ecr/logical-id";
import { ForgetBlock } from "./forget-block";
import { literal } from "./literal";
import { withLogicalId } from "./logical-id";
import { SingletonGuard } from "./singleton-guard";

export interface RegistryPolicyProps {
  readonly environment: Environment;
  /** One of the environment's regions. */
  readonly region: string;
  /** The provider of that region. */
  readonly provider: AwsProvider;
  readonly policy: PolicyDocument<RegistryStatement>;
}

/** The policy's statements, each as JSON with sorted keys. */
const statements = (policy: string) =>
  `[for statement in flatten([try(jsondecode(${policy}).Statement, [])]) : jsonencode(statement)]`;

/** The registry policy of one region, which is guarded unless the environment says what it has. */
export class RegistryPolicy extends Construct {
  constructor(scope: Construct, id: string, props: RegistryPolicyProps) {
    super(scope, id);
    const { environment, region, provider, policy } = props;
    // Whoever destroys the stack would take the statements of others along.
    const protection =
      registryStatementsIn(environment, region).length > 0 ? { preventDestroy: true } : undefined;
    const create = (owner: Construct, name: string, lifecycle?: TerraformResourceLifecycle) =>
      new EcrRegistryPolicy(owner, name, {
        provider,
        policy: literal(formatPolicy(policy)),
        ...((lifecycle ?? protection) && { lifecycle: { ...lifecycle, ...protection } }),
      });
    const managed = withLogicalId(create(this, "policy"), region);
    // Spaced as `terraform fmt` has it.
    const ids = REGISTRY_STATEMENT_IDS.map((id) => `"${id}"`).join(", ");
    const own = `contains([${ids}], jsondecode(statement).Sid)`;
    new SingletonGuard(this, "guard", {
      create,
      singleton: "registry-policy",
      idParts: [region],
      importId: environment.account,
      provider,
      lost: `[for statement in setsubtract(${statements("self.policy")}, ${statements(`${managed.terraformResourceType}.${managed.friendlyUniqueId}.policy`)}) : statement if !try(${own}, false)]`,
      message: (lost) =>
        `This deployment would remove statements from the registry policy of account ${environment.account} in ${region}: ${lost}. Add them to access.registryStatements of environment ${environment.name} to keep them, or remove them from the policy first if nobody needs them.`,
      isActive:
        environment.access.registryStatements === undefined ||
        environment.adopt.includes("registry-policy"),
    });
  }
}

/** Leaves the registry policy of each former region as it is, where it has statements of others. */
export function forgetRegistryPolicies(scope: Construct, environment: Environment): void {
  for (const region of environment.formerRegions) {
    if (registryStatementsIn(environment, region).length === 0) continue;
    new ForgetBlock(scope, `forget-registry-policy_${region}`, {
      from: `${EcrRegistryPolicy.tfResourceType}.${logicalId(region)}`,
    });
  }
}
