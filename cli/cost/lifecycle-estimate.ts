import { dayCounter, type PolicyAction } from "../../ecr/lifecycle-actions";
import type { LifecyclePolicyDocument, LifecyclePolicyRule } from "../../ecr/lifecycle-policy";
import { wildcard } from "../../ecr/pattern";
import type { CachedImage } from "../../registry/cached-image";
import { DAY_MS } from "../../ecr/day";
import type { Manifest } from "../../registry/manifest";
import { isIndexMediaType } from "../../registry/media-types";

/*
 * What a lifecycle policy would expire, worked out from a listing of a repository, without asking ECR.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. A listing does not show
 * which images an index lists, and ECR keeps those until the index is expired or archived: without the manifests, the
 * estimate is a range. How ECR counts them is not documented; here each image counts.
 */

/** What a policy would expire in a repository. */
export interface ExpiryEstimate {
  /** Everything that the rules select. */
  readonly atMost: readonly CachedImage[];
  /** The same without images that a remaining index may list. */
  readonly atLeast: readonly CachedImage[];
}

/** Whether a rule selects an image. Several prefixes or patterns must all match. */
function selector({ selection }: LifecyclePolicyRule): (image: CachedImage) => boolean {
  const { tagStatus, tagPrefixList = [], tagPatternList = [], storageClass } = selection;
  const patterns = tagPatternList.map(wildcard);
  return ({ tags, status }) => {
    if ((storageClass === "archive") !== (status === "ARCHIVED")) return false;
    switch (tagStatus) {
      case "any":
        return true;
      case "untagged":
        return tags.length === 0;
      case "tagged":
        return (
          tags.length > 0 &&
          tagPrefixList.every((prefix) => tags.some((tag) => tag.startsWith(prefix))) &&
          patterns.every((pattern) => tags.some((tag) => pattern.test(tag)))
        );
    }
  };
}

/**
 * Estimates what a policy would expire.
 *
 * @param images All images of one repository.
 * @param manifests Their manifests by digest, if they are known.
 */
export function estimateExpiry(
  policy: LifecyclePolicyDocument,
  images: readonly CachedImage[],
  now: Date,
  manifests?: ReadonlyMap<string, Manifest>,
): ExpiryEstimate {
  const newestFirst = [...images].sort((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime());
  const actions = new Map<CachedImage, PolicyAction["type"]>();
  // An image that one rule selects is not evaluated by later ones, whether it is expired or not.
  const claimed = new Set<CachedImage>();
  for (const rule of [...policy.rules].sort((a, b) => a.rulePriority - b.rulePriority)) {
    const { countType, countNumber } = rule.selection;
    const selected = newestFirst.filter(selector(rule));
    const startOfDays = dayCounter(countType);
    const acted = startOfDays
      ? selected.filter(
          (image) => now.getTime() - startOfDays(image).getTime() > countNumber * DAY_MS,
        )
      : selected.slice(countNumber);
    for (const image of acted) {
      if (!claimed.has(image)) actions.set(image, rule.action.type);
    }
    for (const image of selected) claimed.add(image);
  }

  const selected = newestFirst.filter((image) => actions.get(image) === "expire");
  const stayingIndexes = images.filter(
    (image) => isIndexMediaType(image.mediaType) && !actions.has(image),
  );
  if (manifests) {
    const listed = new Set(
      stayingIndexes.flatMap(({ digest }) =>
        (manifests.get(digest)?.entries ?? []).map((entry) => entry.digest),
      ),
    );
    const certain = selected.filter(({ digest }) => !listed.has(digest));
    return { atMost: certain, atLeast: certain };
  }
  const mayBeListed = (image: CachedImage) =>
    stayingIndexes.length > 0 && !isIndexMediaType(image.mediaType) && image.tags.length === 0;
  return { atMost: selected, atLeast: selected.filter((image) => !mayBeListed(image)) };
}
