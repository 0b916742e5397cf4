import type {
  CreateRepositoryRequest,
  CreateRepositoryResponse,
  DeleteRepositoryPolicyRequest,
  DeleteRepositoryPolicyResponse,
  DeleteRepositoryRequest,
  DeleteRepositoryResponse,
  DescribeRepositoriesRequest,
  DescribeRepositoriesResponse,
  GetRepositoryPolicyRequest,
  GetRepositoryPolicyResponse,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  PutImageScanningConfigurationRequest,
  PutImageScanningConfigurationResponse,
  PutImageTagMutabilityRequest,
  PutImageTagMutabilityResponse,
  Repository as DescribedRepository,
  SetRepositoryPolicyRequest,
  SetRepositoryPolicyResponse,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-ecr";
import { registryHost } from "../../ecr/region";
import type { Action, Context } from "./context";
import { constrain, EcrException, invalidParameter, required } from "./exceptions";
import { page } from "./paging";
import { constrainRepositoryPolicy } from "./policy-document";
import { constrainEncryption, constrainMutability, constrainTags } from "./repository-settings";
import { newRepository, type Registry, type Repository, repositoryArn } from "./state";

/*
 * Repositories, which the front keeps itself: those that a pull creates must have the template's settings, and moto's
 * support neither pages nor today's lifecycle policies.
 */

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const NAME = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

export function repositoryNotFound(name: string, { account }: Registry): EcrException {
  return new EcrException(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

export function findRepository(name: string | undefined, { registry }: Context): Repository {
  const repository = registry.repositories.get(required(name, "repositoryName"));
  if (!repository) throw repositoryNotFound(name ?? "", registry);
  return repository;
}

/** Checks the name of a repository by the API's grammar. */
export function constrainRepositoryName(name: string): void {
  constrain(name, "repositoryName", { min: 2, max: 256, pattern: NAME });
}

function describe(repository: Repository, registry: Registry): DescribedRepository {
  const { name } = repository;
  return {
    repositoryArn: repositoryArn(registry, name),
    registryId: registry.account,
    repositoryName: name,
    repositoryUri: `${registryHost(registry.account, registry.region)}/${name}`,
    createdAt: repository.createdAt,
    imageTagMutability: repository.imageTagMutability,
    imageTagMutabilityExclusionFilters: repository.imageTagMutabilityExclusionFilters,
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

export const createRepository: Action<CreateRepositoryRequest, CreateRepositoryResponse> = (
  input,
  { registry, now },
) => {
  const name = required(input.repositoryName, "repositoryName");
  const { encryptionConfiguration, imageTagMutability, imageTagMutabilityExclusionFilters, tags } =
    input;
  constrainRepositoryName(name);
  constrainEncryption(encryptionConfiguration, registry.region);
  constrainMutability(imageTagMutability, imageTagMutabilityExclusionFilters);
  constrainTags(tags);
  if (registry.repositories.has(name)) {
    throw new EcrException(
      "RepositoryAlreadyExistsException",
      `The repository with name '${name}' already exists in the registry with id '${registry.account}'`,
    );
  }
  const repository = newRepository(name, now, {
    ...(imageTagMutability && { imageTagMutability, imageTagMutabilityExclusionFilters }),
    ...(encryptionConfiguration && { encryption: encryptionConfiguration }),
    scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
    tags,
  });
  registry.repositories.set(name, repository);
  return { repository: describe(repository, registry) };
};

export const describeRepositories: Action<
  DescribeRepositoriesRequest,
  DescribeRepositoriesResponse
> = (input, context) => {
  const { registry } = context;
  const repositories = input.repositoryNames?.length
    ? input.repositoryNames.map((name) => findRepository(name, context))
    : registry.repositories.values();
  const { items, nextToken } = page(repositories, ({ name }) => name, input);
  return { repositories: items.map((one) => describe(one, registry)), nextToken };
};

export const deleteRepository: Action<DeleteRepositoryRequest, DeleteRepositoryResponse> = (
  input,
  context,
) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  if (repository.images.size > 0 && !input.force) {
    throw new EcrException(
      "RepositoryNotEmptyException",
      `The repository with name '${repository.name}' in registry with id '${registry.account}' cannot be deleted because it still contains images`,
    );
  }
  registry.repositories.delete(repository.name);
  return { repository: describe(repository, registry) };
};

function policyOf(repository: Repository, { account }: Registry) {
  const { name, policy } = repository;
  if (policy === undefined) {
    throw new EcrException(
      "RepositoryPolicyNotFoundException",
      `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    );
  }
  return { registryId: account, repositoryName: name, policyText: policy };
}

export const setRepositoryPolicy: Action<
  SetRepositoryPolicyRequest,
  SetRepositoryPolicyResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const policyText = required(input.policyText, "policyText");
  constrainRepositoryPolicy(policyText);
  repository.policy = policyText;
  return policyOf(repository, context.registry);
};

export const getRepositoryPolicy: Action<
  GetRepositoryPolicyRequest,
  GetRepositoryPolicyResponse
> = (input, context) => policyOf(findRepository(input.repositoryName, context), context.registry);

export const deleteRepositoryPolicy: Action<
  DeleteRepositoryPolicyRequest,
  DeleteRepositoryPolicyResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const deleted = policyOf(repository, context.registry);
  delete repository.policy;
  return deleted;
};

export const putImageTagMutability: Action<
  PutImageTagMutabilityRequest,
  PutImageTagMutabilityResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const imageTagMutability = required(input.imageTagMutability, "imageTagMutability");
  const { imageTagMutabilityExclusionFilters } = input;
  constrainMutability(imageTagMutability, imageTagMutabilityExclusionFilters);
  Object.assign(repository, { imageTagMutability, imageTagMutabilityExclusionFilters });
  return {
    registryId: context.registry.account,
    repositoryName: repository.name,
    imageTagMutability,
    imageTagMutabilityExclusionFilters,
  };
};

export const putImageScanningConfiguration: Action<
  PutImageScanningConfigurationRequest,
  PutImageScanningConfigurationResponse
> = (input, context) => {
  const repository = findRepository(input.repositoryName, context);
  const { scanOnPush = false } = required(
    input.imageScanningConfiguration,
    "imageScanningConfiguration",
  );
  repository.scanOnPush = scanOnPush;
  return {
    registryId: context.registry.account,
    repositoryName: repository.name,
    imageScanningConfiguration: { scanOnPush },
  };
};

function repositoryWithArn(arn: string | undefined, context: Context): Repository {
  const { registry } = context;
  const start = repositoryArn(registry, "");
  if (!required(arn, "resourceArn").startsWith(start)) {
    throw invalidParameter("resourceArn", "Invalid ARN");
  }
  return findRepository(arn?.slice(start.length), context);
}

export const listTagsForResource: Action<
  ListTagsForResourceRequest,
  ListTagsForResourceResponse
> = (input, context) => ({
  tags: [...repositoryWithArn(input.resourceArn, context).tags].map(([Key, Value]) => ({
    Key,
    Value,
  })),
});

export const tagResource: Action<TagResourceRequest, object> = (input, context) => {
  const repository = repositoryWithArn(input.resourceArn, context);
  const tags = required(input.tags, "tags");
  constrainTags(tags);
  for (const { Key = "", Value = "" } of tags) repository.tags.set(Key, Value);
  return {};
};

export const untagResource: Action<UntagResourceRequest, object> = (input, context) => {
  const repository = repositoryWithArn(input.resourceArn, context);
  for (const key of required(input.tagKeys, "tagKeys")) repository.tags.delete(key);
  return {};
};
