import { DAY_MS } from "../../ecr/day";
import type { CountType } from "../../ecr/lifecycle-actions";
import type { LifecycleRule } from "./lifecycle-grammar";
import type { LifecycleAction, Repository, StoredImage } from "./state";

/*
 * What a lifecycle policy does to the images of a repository.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */

function wildcard(pattern: string): RegExp {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

/** Whether an image is one that a rule is about. Several prefixes or patterns are a conjunction. */
function selects({ selection }: LifecycleRule, image: StoredImage): boolean {
  if ((selection.storageClass === "archive") !== (image.status === "ARCHIVED")) return false;
  const tags = [...image.tags];
  switch (selection.tagStatus) {
    case "any":
      return true;
    case "untagged":
      return tags.length === 0;
    case "tagged":
      return (
        tags.length > 0 &&
        (selection.tagPrefixList ?? []).every((prefix) =>
          tags.some((tag) => tag.startsWith(prefix)),
        ) &&
        (selection.tagPatternList ?? []).every((pattern) =>
          tags.some((tag) => wildcard(pattern).test(tag)),
        )
      );
  }
}

/** When the days of a rule begin for an image. */
function startOf(countType: CountType, image: StoredImage): Date {
  switch (countType) {
    case "sinceImagePulled": {
      // An image that was never pulled counts from its push, a restored one from its restoration at the earliest.
      const pulled = image.lastPulledAt ?? image.pushedAt;
      const activated = image.lastActivatedAt;
      return activated && activated > pulled ? activated : pulled;
    }
    case "sinceImageTransitioned":
      return image.lastArchivedAt ?? image.pushedAt;
    case "sinceImagePushed":
    case "imageCountMoreThan":
      return image.pushedAt;
  }
}

/** The images that one rule by itself would act on; `images` are the newest first. */
function candidates(rule: LifecycleRule, images: readonly StoredImage[], now: Date): StoredImage[] {
  const { countType, countNumber } = rule.selection;
  const selected = images.filter((image) => selects(rule, image));
  if (countType === "imageCountMoreThan") return selected.slice(countNumber);
  return selected.filter(
    (image) => now.getTime() - startOf(countType, image).getTime() > countNumber * DAY_MS,
  );
}

/**
 * What a policy's rules (by priority) do now, the newest image first.
 *
 * All rules look at all images; then they act in the order of their priorities. An image is acted on by one rule at the
 * most, and one that a rule selects by its tags is out of reach for the rules after it. What an index that stays
 * refers to stays as well. How `imageCountMoreThan` counts the images of an index is not documented; here each counts.
 */
export function evaluateLifecyclePolicy(
  rules: readonly LifecycleRule[],
  images: Iterable<StoredImage>,
  now: Date,
): LifecycleAction[] {
  const newestFirst = [...images]
    .reverse()
    .sort((left, right) => right.pushedAt.getTime() - left.pushedAt.getTime());
  const acted = new Map<StoredImage, LifecycleAction>();
  const shielded = new Set<StoredImage>();
  for (const rule of rules) {
    for (const image of candidates(rule, newestFirst, now)) {
      if (!shielded.has(image)) {
        acted.set(image, { image, type: rule.action.type, rulePriority: rule.rulePriority });
      }
    }
    for (const image of newestFirst.filter((one) => selects(rule, one))) shielded.add(image);
  }
  const held = new Set(
    newestFirst.filter((image) => !acted.has(image)).flatMap(({ children }) => children),
  );
  return newestFirst
    .filter(({ digest }) => !held.has(digest))
    .flatMap((image) => acted.get(image) ?? []);
}

/** Carries out what the policy of a repository asks for now. */
export function runLifecyclePolicy(repository: Repository, now: Date): void {
  const policy = repository.lifecyclePolicy;
  if (!policy) return;
  policy.lastEvaluatedAt = now;
  for (const { image, type } of evaluateLifecyclePolicy(
    policy.rules,
    repository.images.values(),
    now,
  )) {
    switch (type) {
      case "expire":
        removeImage(repository, image);
        break;
      case "transition":
        archiveImage(image, now);
    }
  }
}

/** Takes an image and all its tags out of a repository. */
export function removeImage(repository: Repository, image: StoredImage): void {
  repository.images.delete(image.digest);
  for (const tag of image.tags) repository.validatedAt.delete(tag);
}

/** Moves an image to archive storage, where it cannot be pulled. */
export function archiveImage(image: StoredImage, now: Date): void {
  image.status = "ARCHIVED";
  image.lastArchivedAt = now;
}
