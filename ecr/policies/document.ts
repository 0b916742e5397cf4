/* What a policy document is, and how long it may be. */

/** Characters in a customer-managed policy, white space not counted (IAM quotas). */
export const MAX_MANAGED_POLICY_LENGTH = 6_144;
/** Managed policies that a role can have (IAM quotas; AWS raises it to 20 on request). */
export const MAX_POLICIES_OF_ROLE = 10;
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

/**
 * A statement of a registry policy that is not this project's.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export interface RegistryStatement {
  /** The statement's name. Default: none. */
  readonly Sid?: string;
  /** Whether the statement allows or denies. */
  readonly Effect: "Allow" | "Deny";
  /** Either this or `NotPrincipal`. */
  readonly Principal?: PolicyPrincipal;
  /** All but these principals. Either this or `Principal`. */
  readonly NotPrincipal?: PolicyPrincipal;
  /** Actions of ECR. Either this or `NotAction`. */
  readonly Action?: string | readonly string[];
  /** All but these actions. Either this or `Action`. */
  readonly NotAction?: string | readonly string[];
  /** Repositories of the registry. Either this or `NotResource`. */
  readonly Resource?: string | readonly string[];
  /** All but these repositories. Either this or `Resource`. */
  readonly NotResource?: string | readonly string[];
  /** When the statement applies. Default: always. */
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>>
  >;
}

export type PolicyPrincipal =
  "*" | Readonly<Partial<Record<"AWS" | "Service" | "Federated", string | readonly string[]>>>;

type ConditionValue = string | number | boolean;

export interface PolicyDocument<Statement extends RegistryStatement = PolicyStatement> {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** A policy as the string that AWS is given. */
export function formatPolicy(policy: PolicyDocument<RegistryStatement>): string {
  return JSON.stringify(policy);
}

/** A policy document of these statements. */
export const policyDocument = <Statement extends RegistryStatement = PolicyStatement>(
  ...Statement: readonly Statement[]
): PolicyDocument<Statement> => ({ Version: "2012-10-17", Statement });

/** The trust policy of a role that an AWS service assumes. */
export const trustPolicy = (service: string): PolicyDocument =>
  policyDocument({ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" });
