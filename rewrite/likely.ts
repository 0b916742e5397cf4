import { looksLikeImage, mayBeImage } from "./image-text";
import type { Site } from "./site";

/** What is an image name beyond doubt stays; what may be one is reported; what is none is dropped. */
export function onlyIfLikely(site: Site): Site | undefined {
  if (site.leave || looksLikeImage(site.image)) return site;
  if (!mayBeImage(site.image)) return undefined;
  return {
    ...site,
    leave: { why: "ambiguous", reason: "it has no tag, so that it may be something else" },
  };
}
