import { createHash } from "node:crypto";
import { MAX_TAG_LENGTH } from "../../ecr/image-reference";

/** What the tags begin with that keep an image while its own tag is renewed. */
export const RESCUE_TAG_START = "ecr-cache-rescue-";

const DIGITS = 12;

function endOf(tag: string): string {
  const longest = MAX_TAG_LENGTH - RESCUE_TAG_START.length - DIGITS - 1;
  return tag.length <= longest
    ? tag
    : createHash("sha256").update(tag).digest("hex").slice(0, DIGITS);
}

/**
 * The tag that keeps an image while its own is renewed. It follows from both, so that two runs at the same time never take
 * each other's image away, and a later run finds what an interrupted one has left.
 */
export function rescueTag(tag: string, digest: string): string {
  return `${RESCUE_TAG_START}${digest.split(":")[1]?.slice(0, DIGITS) ?? ""}-${endOf(tag)}`;
}

/** Whether a tag is a rescue tag for another one, of whatever image. */
export function isRescueTagOf(candidate: string, tag: string): boolean {
  return (
    candidate.startsWith(RESCUE_TAG_START) &&
    candidate.slice(RESCUE_TAG_START.length + DIGITS) === `-${endOf(tag)}`
  );
}
