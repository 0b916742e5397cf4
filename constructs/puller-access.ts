import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import type { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { Environment } from "../ecr/environment";
import { formatPolicy, pullerPolicies } from "../ecr/policies";
import { partitionOf } from "../ecr/region";
import { logicalId } from "../ecr/logical-id";
import { withLogicalId } from "./logical-id";

export interface PullerAccessProps {
  readonly environment: Environment;
  /** The provider of the account that has the roles: the environment's, or a consumer's. */
  readonly provider: AwsProvider;
  /** The names of the roles that pull. */
  readonly roles: readonly string[];
}

/**
 * Who of an account may pull through the cache: customer-managed policies, once for the account, attached to its roles.
 * More than one policy only where one would pass IAM's limit.
 */
export class PullerAccess extends Construct {
  /** The ARNs of the policies, for roles that are not the environment's. */
  readonly policyArns: readonly string[];
  private readonly policies: readonly IamPolicy[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PullerAccessProps,
  ) {
    super(scope, id);
    const { environment, provider, roles } = props;
    this.policies = pullerPolicies(environment).map((policy, index) => {
      const id = index === 0 ? "pull" : `pull-${index + 1}`;
      const resource = withLogicalId(
        new IamPolicy(this, id, {
          provider,
          name: `ecr-cache-${environment.name}-${id}`,
          description: `Pull images through the ECR pull-through cache of ${environment.name}`,
          policy: formatPolicy(policy),
        }),
        id,
      );
      for (const role of roles) {
        withLogicalId(
          new IamRolePolicyAttachment(this, logicalId(id, role), {
            provider,
            role,
            policyArn: resource.arn,
          }),
          id,
          role,
        );
      }
      return resource;
    });
    this.policyArns = this.policies.map(({ arn }) => arn);
  }

  /**
   * Lets a role of the environment's account pull, whatever stack creates the role: attaches the policies to it.
   *
   * @returns the attachments; a role can pull when it has all of them.
   */
  grant(role: IamRole): readonly IamRolePolicyAttachment[] {
    const [own, other] = [TerraformStack.of(this), TerraformStack.of(role)];
    if (own !== other) other.addDependency(own);
    return this.policies.map((policy) => {
      const name = policy.nameInput!;
      const existing = role.node.tryFindChild(name) as IamRolePolicyAttachment | undefined;
      return (
        existing ??
        new IamRolePolicyAttachment(role, name, {
          provider: role.provider,
          role: role.name,
          policyArn: own === other ? policy.arn : this.arnOf(name),
        })
      );
    });
  }

  /** The ARN of a policy, spelled out: a reference would need access to this stack's state from another's. */
  private arnOf(policyName: string): string {
    const { account, regions } = this.props.environment;
    return `arn:${partitionOf(regions[0]!)}:iam::${account}:policy/${policyName}`;
  }
}
