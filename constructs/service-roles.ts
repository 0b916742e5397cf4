import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Environment, Rule } from "../ecr/environment";
import {
  formatPolicy,
  needsUpstreamRole,
  type PolicyDocument,
  TEMPLATE_ROLE_TRUST,
  templateRolePolicy,
  UPSTREAM_ROLE_TRUST,
  upstreamRolePolicy,
} from "../ecr/policies";
import { logicalId } from "../ecr/logical-id";
import { withLogicalId } from "./logical-id";
import { roleSettings } from "./role-settings";

/** A role, and what must exist before it can be used. */
export interface ServiceRole {
  readonly arn: string;
  readonly ready: readonly ITerraformDependable[];
}

export interface ServiceRolesProps {
  readonly environment: Environment;
  readonly provider: AwsProvider;
}

/**
 * The roles that ECR assumes, once for the account: one to create repositories, where tags or a KMS key need it, and one
 * for each rule whose upstream is another account's registry.
 */
export class ServiceRoles extends Construct {
  /** The role for creation templates; undefined where no rule needs one. */
  readonly templateRole?: ServiceRole;
  private readonly upstreamRoles = new Map<string, ServiceRole>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ServiceRolesProps,
  ) {
    super(scope, id);
    const { environment } = props;
    const policy = templateRolePolicy(environment);
    if (policy) {
      this.templateRole = this.addRole(
        ["template"],
        "Lets ECR create tagged or encrypted repositories for the pull-through cache",
        TEMPLATE_ROLE_TRUST,
        policy,
      );
    }
    for (const rule of environment.rules.filter((rule) => needsUpstreamRole(environment, rule))) {
      this.upstreamRoles.set(
        rule.prefix,
        this.addRole(
          ["upstream", rule.prefix],
          `Lets ECR pull from ${rule.upstreamUrl} into the pull-through cache`,
          UPSTREAM_ROLE_TRUST,
          upstreamRolePolicy(environment, rule),
        ),
      );
    }
  }

  /** The role for a rule's upstream; undefined where ECR needs none. */
  upstreamRole(rule: Rule): ServiceRole | undefined {
    return this.upstreamRoles.get(rule.prefix);
  }

  private addRole(
    parts: readonly string[],
    description: string,
    trust: PolicyDocument,
    policy: PolicyDocument,
  ): ServiceRole {
    const { environment, provider } = this.props;
    const id = logicalId(...parts);
    const role = withLogicalId(
      new IamRole(this, id, {
        provider,
        ...roleSettings(environment, `ecr-cache-${environment.name}-${id}`),
        description,
        assumeRolePolicy: formatPolicy(trust),
      }),
      ...parts,
    );
    const rolePolicy = withLogicalId(
      new IamRolePolicy(role, "policy", {
        provider,
        name: "ecr-pull-through-cache",
        role: role.id,
        policy: formatPolicy(policy),
      }),
      ...parts,
    );
    return { arn: role.arn, ready: [rolePolicy] };
  }
}
