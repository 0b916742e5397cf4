import type {
  DeleteLifecyclePolicyRequest,
  DeleteLifecyclePolicyResponse,
  GetLifecyclePolicyPreviewRequest,
  GetLifecyclePolicyPreviewResponse,
  GetLifecyclePolicyRequest,
  GetLifecyclePolicyResponse,
  LifecyclePolicyPreviewResult,
  PutLifecyclePolicyRequest,
  PutLifecyclePolicyResponse,
  StartLifecyclePolicyPreviewRequest,
  StartLifecyclePolicyPreviewResponse,
} from "@aws-sdk/client-ecr";
import type { Action } from "./context";
import { constrain, EcrException, required } from "./exceptions";
import { findImage } from "./images";
import { evaluateLifecyclePolicy } from "./lifecycle-evaluation";
import { parseLifecyclePolicy } from "./lifecycle-grammar";
import { page } from "./paging";
import { findRepository } from "./repositories";
import type { LifecycleAction, LifecyclePolicy, Registry, Repository } from "./state";

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html */
const MIN_LENGTH = 100;
/** Source: `maxResults` in the API reference of GetLifecyclePolicyPreview. */
const MAX_PREVIEW_PAGE = 100;

/** A policy that has just been set. @throws EcrException where the JSON is not a lifecycle policy. */
export function newLifecyclePolicy(text: string, now: Date): LifecyclePolicy {
  return { text, rules: parseLifecyclePolicy(text), lastEvaluatedAt: now };
}

function policyOf(repository: Repository, { account }: Registry): LifecyclePolicy {
  if (!repository.lifecyclePolicy) {
    throw new EcrException(
      "LifecyclePolicyNotFoundException",
      `Lifecycle policy does not exist for the repository with name '${repository.name}' in the registry with id '${account}'`,
    );
  }
  return repository.lifecyclePolicy;
}

export const putLifecyclePolicy: Action<PutLifecyclePolicyRequest, PutLifecyclePolicyResponse> = (
  input,
  { registry, now, ...context },
) => {
  const repository = findRepository(input.repositoryName, { registry, now, ...context });
  const lifecyclePolicyText = required(input.lifecyclePolicyText, "lifecyclePolicyText");
  constrain(lifecyclePolicyText, "lifecyclePolicyText", { min: MIN_LENGTH });
  repository.lifecyclePolicy = newLifecyclePolicy(lifecyclePolicyText, now);
  return { registryId: registry.account, repositoryName: repository.name, lifecyclePolicyText };
};

export const getLifecyclePolicy: Action<GetLifecyclePolicyRequest, GetLifecyclePolicyResponse> = (
  input,
  context,
) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const { text, lastEvaluatedAt } = policyOf(repository, registry);
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    lifecyclePolicyText: text,
    lastEvaluatedAt,
  };
};

export const deleteLifecyclePolicy: Action<
  DeleteLifecyclePolicyRequest,
  DeleteLifecyclePolicyResponse
> = async (input, context) => {
  const deleted = await getLifecyclePolicy(input, context);
  delete findRepository(input.repositoryName, context).lifecyclePolicy;
  return deleted;
};

export const startLifecyclePolicyPreview: Action<
  StartLifecyclePolicyPreviewRequest,
  StartLifecyclePolicyPreviewResponse
> = (input, context) => {
  const { registry, now } = context;
  const repository = findRepository(input.repositoryName, context);
  const text = input.lifecyclePolicyText ?? policyOf(repository, registry).text;
  constrain(text, "lifecyclePolicyText", { min: MIN_LENGTH });
  const actions = evaluateLifecyclePolicy(
    parseLifecyclePolicy(text),
    repository.images.values(),
    now,
  );
  repository.preview = { text, actions, complete: false };
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    lifecyclePolicyText: text,
    status: "IN_PROGRESS",
  };
};

function resultOf({ image, type, rulePriority }: LifecycleAction): LifecyclePolicyPreviewResult {
  return {
    imageDigest: image.digest,
    imageTags: [...image.tags],
    imagePushedAt: image.pushedAt,
    action:
      type === "expire"
        ? { type: "EXPIRE" }
        : { type: "TRANSITION", targetStorageClass: "ARCHIVE" },
    appliedRulePriority: rulePriority,
    storageClass: image.status === "ARCHIVED" ? "ARCHIVE" : "STANDARD",
  };
}

export const getLifecyclePolicyPreview: Action<
  GetLifecyclePolicyPreviewRequest,
  GetLifecyclePolicyPreviewResponse
> = (input, context) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const { preview } = repository;
  if (!preview) {
    throw new EcrException(
      "LifecyclePolicyPreviewNotFoundException",
      `Lifecycle policy preview does not exist for the repository with name '${repository.name}' in the registry with id '${registry.account}'`,
    );
  }
  const shown = {
    registryId: registry.account,
    repositoryName: repository.name,
    lifecyclePolicyText: preview.text,
  };
  if (!preview.complete) {
    preview.complete = true;
    return { ...shown, status: "IN_PROGRESS", previewResults: [] };
  }

  const count = (type: LifecycleAction["type"]) =>
    preview.actions.filter((action) => action.type === type).length;
  const { items, nextToken } = page(
    preview.actions.filter(isAskedFor(input, repository)),
    ({ image }) => image.digest,
    input,
    MAX_PREVIEW_PAGE,
  );
  return {
    ...shown,
    status: "COMPLETE",
    previewResults: items.map(resultOf),
    summary: {
      expiringImageTotalCount: count("expire"),
      ...(count("transition") > 0 && {
        transitioningImageTotalCounts: [
          { targetStorageClass: "ARCHIVE", imageTotalCount: count("transition") },
        ],
      }),
    },
    nextToken,
  };
};

function isAskedFor(
  { filter, imageIds }: GetLifecyclePolicyPreviewRequest,
  repository: Repository,
): (action: LifecycleAction) => boolean {
  const named = imageIds?.map((id) => findImage(repository, id));
  return ({ image }) => {
    if (named && !named.some((found) => !found.failure && found.image === image)) return false;
    if (filter?.tagStatus === "TAGGED") return image.tags.size > 0;
    if (filter?.tagStatus === "UNTAGGED") return image.tags.size === 0;
    return true;
  };
}
