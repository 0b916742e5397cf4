import { looksLikeImage } from "./image-text";
import type { Site } from "./site";

/** Names that people give to arguments which hold a whole image name. */
const IMAGE_ARGUMENT = /(image|img|image_?name)$|^(base|from)$/i;

/**
 * The place of a build argument's value, where it names an image; undefined where it is something else.
 *
 * @param known The arguments that the Dockerfile builds from; undefined if the Dockerfile is not known.
 */
export function buildArgumentSite(
  argument: string,
  site: Site,
  known: ReadonlySet<string> | undefined,
): Site | undefined {
  if (site.image === "") return undefined;
  if (known ? known.has(argument) : IMAGE_ARGUMENT.test(argument)) return site;
  if (known || !looksLikeImage(site.image)) return undefined;
  return {
    ...site,
    leave: {
      why: "ambiguous",
      reason: `the build argument ${argument} may hold an image name or something else`,
    },
  };
}
