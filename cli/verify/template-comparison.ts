import type { RepositoryCreationTemplate } from "@aws-sdk/client-ecr";
import type { Environment, Rule } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { formatPolicy, needsTemplateRole, repositoryPolicy } from "../../ecr/policies";
import { normalLifecyclePolicy, normalRepositoryPolicy } from "../../registry/policies/meaning";
import { describeLifecyclePolicy } from "../../registry/policies/lifecycle-change";

/** What a cache's template must apply to. */
const USE = "PULL_THROUGH_CACHE";

function lifecycleDifference(rule: Rule, found: string | undefined): string | undefined {
  const expected = formatLifecyclePolicy(rule.lifecyclePolicy);
  if (found && normalLifecyclePolicy(found) === normalLifecyclePolicy(expected)) return undefined;
  const inWords = (text: string | undefined) => describeLifecyclePolicy(text).join("; ");
  return `its lifecycle policy ${inWords(found)}, but the environment's ${inWords(expected)}`;
}

function accessDifference(
  environment: Environment,
  region: string,
  found: string | undefined,
): string | undefined {
  const policy = repositoryPolicy(environment, region);
  if (!policy)
    return found ? "it has a repository policy, which the environment does not" : undefined;
  if (!found) return "it has no repository policy, so other accounts can't pull";
  return normalRepositoryPolicy(found) === normalRepositoryPolicy(formatPolicy(policy))
    ? undefined
    : "its repository policy is not the environment's";
}

function tagDifference(
  { tags }: Environment,
  found: RepositoryCreationTemplate["resourceTags"] = [],
): string | undefined {
  const existing = new Map(found.map(({ Key = "", Value = "" }) => [Key, Value]));
  const wrong = Object.entries(tags).filter(([key, value]) => existing.get(key) !== value);
  const extra = [...existing.keys()].filter((key) => !Object.hasOwn(tags, key));
  const parts = [
    wrong.length > 0 && `lack ${wrong.map(([key, value]) => `${key}=${value}`).join(", ")}`,
    extra.length > 0 && `have ${extra.join(", ")}, which the environment does not`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? undefined : `its tags ${parts.join(" and ")}`;
}

function encryptionDifference(
  { encryption }: Rule,
  region: string,
  found: RepositoryCreationTemplate["encryptionConfiguration"],
): string | undefined {
  const type = found?.encryptionType ?? "AES256";
  const key = encryption.type === "KMS" ? encryption.kmsKeys[region] : undefined;
  if (type === encryption.type && found?.kmsKey === key) return undefined;
  const inWords = (name: string, arn: string | undefined) => (arn ? `${name} (${arn})` : name);
  return `it encrypts with ${inWords(type, found?.kmsKey)}, but the environment with ${inWords(encryption.type, key)}`;
}

/** How a creation template differs from the environment's, in words; empty if it does not. */
export function templateDifferences(
  environment: Environment,
  region: string,
  rule: Rule,
  template: RepositoryCreationTemplate,
): string[] {
  const { appliedFor = [], imageTagMutability = "MUTABLE", customRoleArn } = template;
  const needsRole = needsTemplateRole(environment, rule);
  return [
    appliedFor.includes(USE)
      ? undefined
      : `it applies to ${appliedFor.join(", ") || "nothing"}, not to ${USE}`,
    lifecycleDifference(rule, template.lifecyclePolicy),
    imageTagMutability === "MUTABLE"
      ? undefined
      : `its image tags are ${imageTagMutability}, so ECR's refresh can't move them`,
    accessDifference(environment, region, template.repositoryPolicy),
    tagDifference(environment, template.resourceTags),
    encryptionDifference(rule, region, template.encryptionConfiguration),
    needsRole && customRoleArn === undefined
      ? "it has no role, which ECR needs to create repositories with tags or a KMS key"
      : undefined,
    !needsRole && customRoleArn !== undefined
      ? `it has the role ${customRoleArn}, which the environment does not`
      : undefined,
  ].filter((difference) => difference !== undefined);
}
