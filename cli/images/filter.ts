import { show } from "../../ecr/problem";
import { UserError } from "../../ecr/user-error";
import type { CachedImage } from "../../registry/cached-image";
import { DAY_MS } from "../shell/format";

/** Which images of a cache are meant. */
export interface ImageFilter {
  /**
   * `REPOSITORY` or `REPOSITORY:TAG`, each with `*` for any characters. A repository without `*` is one whose name has
   * the text in it; a tag without `*` is that tag.
   */
  readonly pattern?: string;
  /** Only images that nobody has pulled for so many days; one that never was counts from when it was stored. */
  readonly staleDays?: number;
  /** Only images with a tag, or only those without. */
  readonly tagStatus?: "tagged" | "untagged";
}

/** A filter, ready for use. */
export interface ImageMatcher {
  /** Whether any image of a repository may match: the others need not be asked for. */
  readonly repository: (name: string) => boolean;
  readonly image: (image: CachedImage) => boolean;
}

const PATTERN = /^[A-Za-z0-9._*/-]+(?::[A-Za-z0-9._*-]+)?$/;

function wildcard(pattern: string): RegExp {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

/** When an image was last of use to anybody, as ECR's own rules count it. */
export function lastUse({ lastPulledAt, pushedAt, lastActivatedAt }: CachedImage): Date {
  const times = [lastPulledAt ?? pushedAt, lastActivatedAt ?? pushedAt];
  return new Date(Math.max(...times.map((time) => time.getTime())));
}

/**
 * What a filter lets pass.
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
      (usedBefore === undefined || lastUse(image).getTime() < usedBefore),
  };
}
