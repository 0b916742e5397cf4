import type { RepositoryCreationTemplate } from "@aws-sdk/client-ecr";
import type { Environment, Rule } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { formatPolicy, needsTemplateRole, repositoryPolicy } from "../../ecr/policies";
import { normalLifecyclePolicy, normalRepositoryPolicy } from "../../registry/policies/meaning";
import { describeLifecyclePolicy } from "../../registry/policies/lifecycle-change";

/** The use of a template that a cache needs. */
const USE = "PULL_THROUGH_CACHE";

function lifecycleDifference(rule: Rule, found: string | undefined): string | undefined {
  const expected = formatLifecyclePolicy(rule.lifecyclePolicy);
  if (found && normalLifecyclePolicy(found) === normalLifecyclePolicy(expected)) return undefined;
  const inWords = (text: string | undefined) => describeLifecyclePolicy(text).join("; ");
  return `its lifecycle policy ${inWords(found)}, where it ${inWords(expected)} in the environment`;
}

function accessDifference(
  environment: Environment,
  region: string,
  found: string | undefined,
): string | undefined {
  const policy = repositoryPolicy(environment, region);
  if (!policy) return found ? "it has a repository policy, and needs none" : undefined;
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
    extra.length > 0 && `have ${extra.join(", ")} too much`,
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
  const inWords = (name: string, arn: string | undefined) => (arn ? `${name} with ${arn}` : name);
  return `it encrypts with ${inWords(type, found?.kmsKey)}, where the environment has ${inWords(encryption.type, key)}`;
}

/** In what a creation template is not as the environment has it, in words; an empty list: in nothing. */
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
      : `it is for ${appliedFor.join(", ") || "nothing"}, not for ${USE}`,
    lifecycleDifference(rule, template.lifecyclePolicy),
    imageTagMutability === "MUTABLE"
      ? undefined
      : `its tags are ${imageTagMutability}, so the 24-hour refresh can't move them`,
    accessDifference(environment, region, template.repositoryPolicy),
    tagDifference(environment, template.resourceTags),
    encryptionDifference(rule, region, template.encryptionConfiguration),
    needsRole && customRoleArn === undefined
      ? "it has no role, without which ECR makes no repository that has tags or a KMS key"
      : undefined,
    !needsRole && customRoleArn !== undefined
      ? `it has the role ${customRoleArn}, and needs none`
      : undefined,
  ].filter((difference) => difference !== undefined);
}
