import {
  type ConditionContext,
  evaluate,
  evaluateResourcePolicies,
  type Principal,
} from "../../ecr/policies/evaluate";
import { EcrException } from "./exceptions";
import { type Registry, repositoryArn } from "./state";

/*
 * Which calls ECR allows: by the identity's policies, the registry policy and the policy of the repository.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 */

/** Who calls: the administrator of an account, or a role that was assumed. */
export interface Caller {
  readonly account: string;
  readonly arn: string;
  /** The name of the role; absent for an administrator, who may do everything in the account. */
  readonly role?: string;
}

/** An account's place in an organization, for `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths`. */
export interface Membership {
  readonly organization: string;
  /** Such as `o-abc123def4/r-ab12/ou-ab12-11111111/`. */
  readonly path: string;
}

/** Reads the policies of a role, inline and attached, as JSON strings. */
export type RolePolicies = (account: string, role: string) => Promise<readonly string[]>;

export function administratorOf(account: string): Caller {
  return { account, arn: `arn:aws:iam::${account}:root` };
}

const TOKEN = "GetAuthorizationToken";

/** What the caller of an action may do. */
export class Authorization {
  private policies: Promise<readonly string[]> | undefined;

  constructor(
    private readonly caller: Caller,
    private readonly registry: Registry,
    private readonly rolePolicies: RolePolicies,
    private readonly membership: Membership | undefined,
  ) {}

  /** Whether the caller may perform an action on a repository. */
  async allows(action: string, repositoryName: string): Promise<boolean> {
    return (await this.refusal(action, repositoryArn(this.registry, repositoryName))) === undefined;
  }

  /** @throws EcrException unless the caller may perform an action on a resource. */
  async require(action: string, resource: string): Promise<void> {
    const refusal = await this.refusal(action, resource);
    if (refusal === undefined) return;
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    throw new EcrException(
      "AccessDeniedException",
      `User: ${this.caller.arn} is not authorized to perform: ecr:${action} on resource: ${resource} ${refusal}`,
    );
  }

  /** Why an action is refused, as IAM words it; undefined where it is allowed. */
  private async refusal(action: string, resource: string): Promise<string | undefined> {
    const { caller, registry } = this;
    const isOwn = caller.account === registry.account;
    if (isOwn && caller.role === undefined) return undefined;
    const name = `ecr:${action}`;
    const context = this.conditionContext();
    const { decision, isToCaller } = evaluateResourcePolicies(
      this.resourcePolicies(resource),
      this.principal(),
      name,
      resource,
      context,
    );
    const identity =
      caller.role === undefined
        ? "allowed"
        : evaluate(await this.identityPolicies(), name, resource, context);
    if (identity === "explicitDeny") return "with an explicit deny in an identity-based policy";
    if (decision === "explicitDeny") return "with an explicit deny in a resource-based policy";
    if (identity !== "allowed" && !(isOwn && isToCaller)) {
      return `because no identity-based policy allows the ${name} action`;
    }
    // A token is between the caller and its own account.
    if (isOwn || action === TOKEN || decision === "allowed") return undefined;
    return `because no resource-based policy allows the ${name} action`;
  }

  private resourcePolicies(resource: string): string[] {
    const { registry } = this;
    const start = repositoryArn(registry, "");
    const repository = resource.startsWith(start)
      ? registry.repositories.get(resource.slice(start.length))
      : undefined;
    return [registry.policy, repository?.policy].filter((policy) => policy !== undefined);
  }

  private identityPolicies(): Promise<readonly string[]> {
    const { account, role = "" } = this.caller;
    return (this.policies ??= this.rolePolicies(account, role));
  }

  private principal(): Principal {
    const { account, arn, role } = this.caller;
    const roleArn = role === undefined ? [] : [`arn:aws:iam::${account}:role/${role}`];
    return { account, arns: [arn, ...roleArn] };
  }

  private conditionContext(): ConditionContext {
    const { membership, caller } = this;
    return {
      "aws:PrincipalAccount": caller.account,
      "aws:PrincipalArn": this.principal().arns.at(-1) ?? caller.arn,
      ...(membership && {
        "aws:PrincipalOrgID": membership.organization,
        "aws:PrincipalOrgPaths": [membership.path],
      }),
    };
  }
}
