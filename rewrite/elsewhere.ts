import { escapePattern } from "../ecr/pattern";
import { readImageText } from "./image-text";
import type { Site } from "./site";

/*
 * Names of images in a text that no format explains: in code, in documentation, in files of formats that nobody has described
 * yet. Where a name begins with the host of a registry that the cache covers, it is beyond doubt, and it is reported; whether it
 * is pulled, only a person can say, so that it is never changed.
 */

/** What a name may follow: anything but the rest of a longer name, of a path or of a URL. */
const INSIDE_OF_SOMETHING = /[\w./@%-]$/;
const IMAGE_SCHEME = /docker(-image)?:\/\/$/;

/** Finds names that begin with one of some hosts. */
export class HostedNames {
  private readonly form: RegExp | undefined;

  /** @param hosts Of the registries whose images the cache has. */
  constructor(hosts: readonly string[]) {
    if (hosts.length > 0) {
      const host = hosts.map(escapePattern).join("|");
      this.form = new RegExp(
        `(?:${host})/[a-z0-9][a-z0-9._/-]*(?::[\\w.-]+)?(?:@sha256:[0-9a-f]{64})?`,
        "g",
      );
    }
  }

  /** The names in a text that are in none of its sites. `sites` are in the order of the text. */
  sites(text: string, sites: readonly Site[]): Site[] {
    const found: Site[] = [];
    let next = 0;
    let known: string | undefined;
    for (const { index, 0: written } of this.form ? text.matchAll(this.form) : []) {
      const before = text.slice(Math.max(index - "docker-image://".length, 0), index);
      if (INSIDE_OF_SOMETHING.test(before) && !IMAGE_SCHEME.test(before)) continue;
      const image = written.replace(/[./:-]+$/, "");
      if (readImageText(image).why !== undefined) continue;
      while (next < sites.length && sites[next]!.end < index) next += 1;
      const around = sites[next];
      if (around && around.start <= index && index < around.end) continue;
      // A name that is written over several lines, or with escapes, has a site without a length.
      known ??= sites
        .filter(({ start, end }) => start === end)
        .map((site) => site.image)
        .join("\n");
      if (known.includes(image)) continue;
      found.push({
        start: index,
        end: index + image.length,
        image,
        leave: {
          why: "elsewhere",
          reason: "no known format names an image here; look at it yourself",
        },
      });
    }
    return found;
  }
}
