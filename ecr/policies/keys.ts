import type { Environment } from "../environment/model";
import { alarmArn, maintenanceName } from "../maintenance-resources";
import { roleArn } from "../role-name";
import type { PolicyStatement } from "./document";
import { type ConditionContext, evaluateResourcePolicies, type Principal } from "./evaluate";

/*
 * What customer managed keys are used for: by ECR, for repositories, and by Amazon SNS, for an existing topic. Secrets are
 * under AWS's own key, since ECR reads no others.
 *
 * Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html,
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */

type KeyStatement = Omit<PolicyStatement, "Principal" | "Resource">;

/**
 * What ECR does with a key for whoever creates a repository: on behalf of the role of the templates, and in grants for
 * itself only.
 */
export function encryptionStatements(regions: readonly string[]) {
  const viaEcr = { StringLike: { "kms:ViaService": regions.map((region) => `ecr.${region}.*`) } };
  return [
    {
      Sid: "GrantKeysToEcr",
      Effect: "Allow" as const,
      Action: "kms:CreateGrant",
      Condition: { ...viaEcr, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
    {
      Sid: "EncryptRepositories",
      Effect: "Allow" as const,
      Action: ["kms:DescribeKey", "kms:RetireGrant"],
      Condition: viaEcr,
    },
  ];
}

/** A use of a key, which the key policy must allow. */
export interface KeyUse {
  /** What the key policy has to say where it does not allow it otherwise. */
  readonly statement: PolicyStatement;
  readonly principal: Principal;
  readonly context: ConditionContext;
  /** Whether a policy of the principal allows it too, so that the key policy may leave it to those of the account. */
  readonly hasOwnPolicy: boolean;
}

function roleUse(
  { account }: Environment,
  role: string,
  service: string,
  statement: KeyStatement,
  hasOwnPolicy: boolean,
): KeyUse {
  return {
    statement: { ...statement, Principal: { AWS: role }, Resource: "*" },
    principal: { account, arns: [role] },
    context: {
      "kms:ViaService": service,
      "kms:CallerAccount": account,
      "kms:GrantIsForAWSResource": "true",
      "aws:PrincipalArn": role,
      "aws:PrincipalAccount": account,
    },
    hasOwnPolicy,
  };
}

/** The name of the role with which creation templates create repositories. */
const templateRoleName = ({ name }: Pick<Environment, "name">) => `ecr-cache-${name}-template`;

/** What ECR does with the key that encrypts repositories of a region. */
export function repositoryKeyUses(environment: Environment, region: string): KeyUse[] {
  const role = roleArn(environment, templateRoleName(environment));
  return encryptionStatements([region]).map((statement) =>
    roleUse(environment, role, `ecr.${region}.amazonaws.com`, statement, true),
  );
}

/** What publishers of a region do with the key that encrypts an existing topic of notifications. */
export function topicKeyUses(environment: Environment, region: string): KeyUse[] {
  const { account } = environment;
  const publish = { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey*"] } as const;
  const service = "cloudwatch.amazonaws.com";
  const notify = roleArn(environment, maintenanceName(environment, region, "notify"));
  return [
    {
      statement: {
        Sid: "PublishAlarms",
        ...publish,
        Principal: { Service: service },
        Resource: "*",
        Condition: { StringEquals: { "aws:SourceAccount": account } },
      },
      principal: { account: "", arns: [service] },
      context: {
        "aws:SourceAccount": account,
        "aws:SourceArn": alarmArn(environment, region, "failures"),
      },
      hasOwnPolicy: false,
    },
    roleUse(
      environment,
      notify,
      `sns.${region}.amazonaws.com`,
      { Sid: "PublishFailedPulls", ...publish },
      // The role's policy is about the topic only.
      false,
    ),
  ];
}

/**
 * The statements that a key policy lacks for some uses of its key.
 *
 * @param policy The key policy, as JSON.
 * @param key The key's ARN.
 * @throws SyntaxError if the policy is no JSON.
 */
export function lackingStatements(
  policy: string,
  key: string,
  uses: readonly KeyUse[],
): PolicyStatement[] {
  return uses
    .filter(({ statement, principal, context, hasOwnPolicy }) =>
      [statement.Action].flat().some((action) => {
        const { decision, isToCaller } = evaluateResourcePolicies(
          [policy],
          principal,
          action,
          key,
          context,
        );
        return decision !== "allowed" || !(isToCaller || hasOwnPolicy);
      }),
    )
    .map(({ statement }) => statement);
}
