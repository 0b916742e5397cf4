import type { Environment, Rule } from "../environment/model";
import { ROOT } from "../prefix";
import { parseRegistryHost } from "../region";
import { cachedRepositories, GET_TOKEN, repositoriesArn } from "./cache";
import { type PolicyDocument, policyDocument, type PolicyStatement, trustPolicy } from "./document";
import { encryptionStatements } from "./keys";

/*
 * The roles that ECR assumes.
 *
 * Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html,
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-iam.html
 */

/** Whether ECR needs a role to create the repositories of a rule: with tags or a KMS key, and only then. */
export function needsTemplateRole(environment: Environment, rule: Rule): boolean {
  return Object.keys(environment.tags).length > 0 || rule.encryption.type === "KMS";
}

/** The trust of the role that creation templates use. */
export const TEMPLATE_ROLE_TRUST: PolicyDocument = trustPolicy("ecr.amazonaws.com");

/** What the role that creation templates use may do; undefined if no rule needs the role. */
export function templateRolePolicy(environment: Environment): PolicyDocument | undefined {
  const rules = environment.rules.filter((rule) => needsTemplateRole(environment, rule));
  if (rules.length === 0) return undefined;
  const keys = [
    ...new Set(
      rules.flatMap(({ encryption }) =>
        encryption.type === "KMS" ? Object.values(encryption.kmsKeys) : [],
      ),
    ),
  ];
  const statements: PolicyStatement[] = [
    {
      Sid: "CreateRepositories",
      Effect: "Allow",
      Action: ["ecr:CreateRepository", "ecr:TagResource"],
      Resource: cachedRepositories(environment, rules),
    },
  ];
  if (keys.length > 0) {
    statements.push(
      ...encryptionStatements(environment.regions).map(({ Condition, ...statement }) => ({
        ...statement,
        Resource: keys,
        Condition,
      })),
    );
  }
  return policyDocument(...statements);
}

/** The trust of the role that ECR uses to pull from another account's registry. */
export const UPSTREAM_ROLE_TRUST: PolicyDocument = trustPolicy(
  "pullthroughcache.ecr.amazonaws.com",
);

/** Whether a rule's upstream is the registry of another account, for which ECR needs a role. */
export function needsUpstreamRole(environment: Pick<Environment, "account">, rule: Rule): boolean {
  if (rule.upstream !== "ecr") return false;
  return parseRegistryHost(rule.upstreamUrl)?.account !== environment.account;
}

/**
 * What the role that ECR uses to pull from another account's registry may do. The other account must allow this one too
 * (docs/upstreams.md has the statement).
 */
export function upstreamRolePolicy(environment: Environment, rule: Rule): PolicyDocument {
  const registry = parseRegistryHost(rule.upstreamUrl);
  const upstream = repositoriesArn(
    { account: registry?.account ?? "" },
    registry?.region ?? "",
    rule.upstreamPrefix ?? ROOT,
  );
  const cached = cachedRepositories(environment, [rule]);
  return policyDocument(
    GET_TOKEN,
    {
      Sid: "ReadUpstream",
      Effect: "Allow",
      Action: [
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetImageCopyStatus",
      ],
      Resource: [upstream, ...cached],
    },
    {
      Sid: "WriteCache",
      Effect: "Allow",
      Action: [
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      Resource: cached,
    },
  );
}
