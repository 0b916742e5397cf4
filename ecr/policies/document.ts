/* What a policy document is, and how long it may be. */

/** Characters in a customer-managed policy, white space not counted (IAM quotas). */
export const MAX_MANAGED_POLICY_LENGTH = 6_144;
/** Characters in a registry policy (ECR API, `PutRegistryPolicy`). */
export const MAX_REGISTRY_POLICY_LENGTH = 10_240;
/** Characters in all policies that are part of a role, white space not counted (IAM quotas). */
export const MAX_ROLE_POLICY_LENGTH = 10_240;

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: "Allow";
  readonly Principal?: Readonly<Partial<Record<"AWS" | "Service", string | readonly string[]>>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/** A policy as the string that AWS is given. */
export function formatPolicy(policy: PolicyDocument): string {
  return JSON.stringify(policy);
}

/** A policy document of these statements. */
export const policyDocument = (...Statement: readonly PolicyStatement[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement,
});

/** The trust policy of a role that an AWS service assumes. */
export const trustPolicy = (service: string): PolicyDocument =>
  policyDocument({ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" });
