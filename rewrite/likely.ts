import { looksLikeImage, mayBeImage } from "./image-text";
import type { Site } from "./site";

/** Keeps an image name that is beyond doubt, reports one that is in doubt, and drops anything else. */
export function onlyIfLikely(site: Site): Site | undefined {
  if (site.leave || looksLikeImage(site.image)) return site;
  if (!mayBeImage(site.image)) return undefined;
  return {
    ...site,
    leave: { why: "ambiguous", reason: "it has no tag, so that it may be something else" },
  };
}
