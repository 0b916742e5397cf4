import { createHash, randomBytes } from "node:crypto";
import { MAX_TAG_LENGTH } from "../ecr/image-reference";

/** The start of the tags that keep a copy of an image while its own tag is renewed. */
export const RESCUE_TAG_START = "ecr-cache-rescue-";

const DIGITS = 12;

/** The id of one refresh of one tag, so that refreshes at the same time never use each other's tags and copies. */
export function newRefreshId(): string {
  return randomBytes(DIGITS / 2).toString("hex");
}

function endOf(tag: string): string {
  const longest = MAX_TAG_LENGTH - RESCUE_TAG_START.length - DIGITS - 1;
  return tag.length <= longest
    ? tag
    : createHash("sha256").update(tag).digest("hex").slice(0, DIGITS);
}

/** The tag that keeps a copy of an image while the image's own tag is renewed. A later run finds it by the tag. */
export function rescueTag(tag: string, refreshId: string): string {
  return `${RESCUE_TAG_START}${refreshId}-${endOf(tag)}`;
}

/** Whether a tag is a rescue tag for another one, of whatever refresh. */
export function isRescueTagOf(candidate: string, tag: string): boolean {
  return (
    candidate.startsWith(RESCUE_TAG_START) &&
    candidate.slice(RESCUE_TAG_START.length + DIGITS) === `-${endOf(tag)}`
  );
}
