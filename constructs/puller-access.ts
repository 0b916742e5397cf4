import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import type { Environment } from "../ecr/environment";
import { formatPolicy, pullerPolicies } from "../ecr/policies";
import { logicalId, named } from "./logical-id";

export interface PullerAccessProps {
  readonly environment: Environment;
  readonly provider: AwsProvider;
}

/**
 * Who of this account may pull through the cache: customer-managed policies, once for the account, attached to the
 * environment's roles. More than one policy only where one would pass IAM's limit.
 */
export class PullerAccess extends Construct {
  /** The ARNs of the policies, for roles that are not the environment's. */
  readonly policyArns: readonly string[];

  constructor(scope: Construct, id: string, { environment, provider }: PullerAccessProps) {
    super(scope, id);
    this.policyArns = pullerPolicies(environment).map((policy, index) => {
      const id = index === 0 ? "pull" : `pull-${index + 1}`;
      const resource = named(
        new IamPolicy(this, id, {
          provider,
          name: `ecr-cache-${environment.name}-${id}`,
          description: `Pull images through the ECR pull-through cache of ${environment.name}`,
          policy: formatPolicy(policy),
        }),
        id,
      );
      for (const role of environment.access.roles) {
        named(
          new IamRolePolicyAttachment(this, logicalId(id, role), {
            provider,
            role,
            policyArn: resource.arn,
          }),
          id,
          role,
        );
      }
      return resource.arn;
    });
  }
}
