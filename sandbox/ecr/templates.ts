import type {
  CreateRepositoryCreationTemplateRequest,
  CreateRepositoryCreationTemplateResponse,
  DeleteRepositoryCreationTemplateRequest,
  DeleteRepositoryCreationTemplateResponse,
  DescribeRepositoryCreationTemplatesRequest,
  DescribeRepositoryCreationTemplatesResponse,
  RepositoryCreationTemplate,
  UpdateRepositoryCreationTemplateRequest,
  UpdateRepositoryCreationTemplateResponse,
} from "@aws-sdk/client-ecr";
import type { Action, Context } from "./context";
import { constrain, EcrException, invalidParameter, oneOf, required } from "./exceptions";
import { parseLifecyclePolicy } from "./lifecycle-grammar";
import { page } from "./paging";
import { constrainRepositoryPolicy } from "./policy-document";
import { barePrefix, constrainTemplatePrefix } from "./prefix";
import { constrainEncryption, constrainMutability, constrainTags } from "./repository-settings";
import { constrainRoleArn } from "./role";

/*
 * Repository creation templates.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
 */

function findTemplate(
  prefix: string | undefined,
  { registry }: Context,
): RepositoryCreationTemplate & { prefix: string } {
  const template = registry.templates.get(barePrefix(required(prefix, "prefix")));
  if (!template) {
    throw new EcrException(
      "TemplateNotFoundException",
      `The repository creation template with prefix '${prefix}' does not exist in the registry with id '${registry.account}'.`,
    );
  }
  return template;
}

type Settings = Omit<RepositoryCreationTemplate, "createdAt" | "updatedAt" | "prefix">;

function constrainSettings(settings: Settings, { registry }: Context): void {
  const { appliedFor, description, encryptionConfiguration, lifecyclePolicy, repositoryPolicy } =
    settings;
  if (!appliedFor?.length) {
    throw invalidParameter("appliedFor", "Member must have length greater than or equal to 1");
  }
  for (const use of appliedFor) {
    oneOf(use, "appliedFor", ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"]);
  }
  constrain(description, "description", { max: 256 });
  constrainEncryption(encryptionConfiguration, registry.region, { fullArn: true });
  constrainMutability(settings.imageTagMutability, settings.imageTagMutabilityExclusionFilters);
  constrainTags(settings.resourceTags);
  constrainRoleArn(settings.customRoleArn, registry.account);
  // Unlike PutLifecyclePolicy and SetRepositoryPolicy, a template takes an empty text: no policy.
  if (lifecyclePolicy) parseLifecyclePolicy(lifecyclePolicy);
  if (repositoryPolicy) constrainRepositoryPolicy(repositoryPolicy);
}

/** The settings of a call, without those that it does not name. */
function settingsOf({
  appliedFor,
  customRoleArn,
  description,
  encryptionConfiguration,
  imageTagMutability,
  imageTagMutabilityExclusionFilters,
  lifecyclePolicy,
  repositoryPolicy,
  resourceTags,
}: Settings): Settings {
  const settings = {
    appliedFor,
    customRoleArn,
    description,
    encryptionConfiguration,
    imageTagMutability,
    imageTagMutabilityExclusionFilters,
    lifecyclePolicy,
    repositoryPolicy,
    resourceTags,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

export const createRepositoryCreationTemplate: Action<
  CreateRepositoryCreationTemplateRequest,
  CreateRepositoryCreationTemplateResponse
> = async (input, context) => {
  const { registry, now } = context;
  const prefix = barePrefix(required(input.prefix, "prefix"));
  constrainTemplatePrefix(prefix);
  const settings: Settings = {
    imageTagMutability: "MUTABLE",
    encryptionConfiguration: { encryptionType: "AES256" },
    ...settingsOf(input),
  };
  constrainSettings(settings, context);
  if (registry.templates.has(prefix)) {
    throw new EcrException(
      "TemplateAlreadyExistsException",
      `The repository creation template with prefix '${prefix}' already exists in the registry with id '${registry.account}'.`,
    );
  }
  // Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-rct.html
  await context.services.ensureServiceLinkedRole({
    name: "AWSServiceRoleForECRTemplate",
    service: "ecr.amazonaws.com",
  });
  const template = { prefix, ...settings, createdAt: now, updatedAt: now };
  registry.templates.set(prefix, template);
  return { registryId: registry.account, repositoryCreationTemplate: template };
};

export const describeRepositoryCreationTemplates: Action<
  DescribeRepositoryCreationTemplatesRequest,
  DescribeRepositoryCreationTemplatesResponse
> = (input, context) => {
  const { registry } = context;
  const templates = input.prefixes?.length
    ? input.prefixes.map((prefix) => findTemplate(prefix, context))
    : registry.templates.values();
  const { items, nextToken } = page(templates, (template) => template.prefix, input);
  return { registryId: registry.account, repositoryCreationTemplates: items, nextToken };
};

/** Changes what the call names; repositories that exist are not touched. */
export const updateRepositoryCreationTemplate: Action<
  UpdateRepositoryCreationTemplateRequest,
  UpdateRepositoryCreationTemplateResponse
> = (input, context) => {
  const { registry, now } = context;
  const template = findTemplate(input.prefix, context);
  const updated = { ...template, ...settingsOf(input), updatedAt: now };
  constrainSettings(updated, context);
  registry.templates.set(template.prefix, updated);
  return { registryId: registry.account, repositoryCreationTemplate: updated };
};

export const deleteRepositoryCreationTemplate: Action<
  DeleteRepositoryCreationTemplateRequest,
  DeleteRepositoryCreationTemplateResponse
> = (input, context) => {
  const { registry } = context;
  const template = findTemplate(input.prefix, context);
  registry.templates.delete(template.prefix);
  return { registryId: registry.account, repositoryCreationTemplate: template };
};
