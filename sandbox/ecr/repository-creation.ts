import type { RCTAppliedFor, RepositoryCreationTemplate } from "@aws-sdk/client-ecr";
import type { Context } from "./context";
import { newLifecyclePolicy } from "./lifecycle";
import { mostSpecific } from "./prefix";
import { repositoryNotFound } from "./repositories";
import { newRepository, type Registry, type Repository } from "./state";

/** The most specific template for a use that covers a name. */
export function templateFor(
  name: string,
  use: RCTAppliedFor,
  { templates }: Registry,
): RepositoryCreationTemplate | undefined {
  return mostSpecific(
    [...templates.values()].filter(({ appliedFor }) => appliedFor?.includes(use)),
    ({ prefix }) => prefix,
    name,
  );
}

/**
 * The repository of a pull or push; if it does not exist, a new one with the settings of the most specific template.
 *
 * @throws EcrException where ECR cannot create it: the client then sees that there is no such repository.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export async function findOrCreate(
  name: string,
  use: RCTAppliedFor,
  context: Context,
): Promise<Repository> {
  const { registry, now, services } = context;
  const existing = registry.repositories.get(name);
  if (existing) return existing;

  const template = templateFor(name, use, registry);
  const {
    customRoleArn,
    encryptionConfiguration: encryption,
    imageTagMutability,
    imageTagMutabilityExclusionFilters,
    lifecyclePolicy,
    repositoryPolicy,
    resourceTags,
  } = template ?? {};

  // With the service-linked role alone, ECR can neither tag a repository nor use a key.
  const needsRole =
    (resourceTags?.length ?? 0) > 0 || (encryption?.encryptionType ?? "AES256") !== "AES256";
  if (needsRole && customRoleArn === undefined) throw repositoryNotFound(name, registry);
  if (customRoleArn !== undefined) {
    const trusted = await services.trustedServices(customRoleArn);
    if (!trusted?.includes("ecr.amazonaws.com")) throw repositoryNotFound(name, registry);
  }

  const repository =
    registry.repositories.get(name) ??
    newRepository(name, now, {
      ...(encryption && {
        encryption: {
          encryptionType: encryption.encryptionType,
          ...(encryption.kmsKey && { kmsKey: encryption.kmsKey }),
        },
      }),
      ...(imageTagMutability && { imageTagMutability, imageTagMutabilityExclusionFilters }),
      ...(lifecyclePolicy && { lifecyclePolicy: newLifecyclePolicy(lifecyclePolicy, now) }),
      ...(repositoryPolicy && { policy: repositoryPolicy }),
      tags: resourceTags,
    });
  registry.repositories.set(name, repository);
  return repository;
}
