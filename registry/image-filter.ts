import { wildcard } from "../ecr/pattern";
import { show } from "../ecr/problem";
import { UserError } from "../ecr/user-error";
import { type CachedImage, lastUsedAt } from "./cached-image";
import { DAY_MS } from "../ecr/day";

/** Which images of a cache to list. */
export interface ImageFilter {
  /**
   * `REPOSITORY` or `REPOSITORY:TAG`, each with `*` for any characters. A repository without `*` matches every name that
   * contains it; a tag without `*` matches only itself.
   */
  readonly pattern?: string;
  /** Only images that nobody has pulled for this many days; one that never was counts from when it was stored. */
  readonly staleDays?: number;
  /** Only images with a tag, or only those without. */
  readonly tagStatus?: "tagged" | "untagged";
}

/** A filter as predicates. */
export interface ImageMatcher {
  /** Whether an image of a repository may match: other repositories need not be listed. */
  readonly repository: (name: string) => boolean;
  readonly image: (image: CachedImage) => boolean;
}

const PATTERN = /^[A-Za-z0-9._*/-]+(?::[A-Za-z0-9._*-]+)?$/;

/**
 * The predicates of a filter.
 *
 * @throws UserError if the pattern can't match any repository's name.
 */
export function imageMatcher(filter: ImageFilter, now: Date): ImageMatcher {
  const { pattern, staleDays, tagStatus } = filter;
  if (pattern !== undefined && !PATTERN.test(pattern)) {
    throw new UserError(
      `PATTERN: found ${show(pattern)}; allowed: part of a repository's name, or REPOSITORY[:TAG] with * for any characters`,
    );
  }
  const [name = "", tag] = pattern?.split(":") ?? [];
  const nameForm = wildcard(name.includes("*") ? name : `*${name}*`);
  const tagForm = tag === undefined ? undefined : wildcard(tag);
  const usedBefore = staleDays === undefined ? undefined : now.getTime() - staleDays * DAY_MS;
  return {
    repository: (repository) => pattern === undefined || nameForm.test(repository),
    image: (image) =>
      (tagForm === undefined || image.tags.some((candidate) => tagForm.test(candidate))) &&
      (tagStatus === undefined || (tagStatus === "tagged") === image.tags.length > 0) &&
      (usedBefore === undefined || lastUsedAt(image).getTime() < usedBefore),
  };
}
