import type { Excerpt } from "./excerpt";
import { readImageText } from "./image-text";

/*
 * Glossary of this folder:
 *
 *   Place      an entry of a format's table: a path to image names, and how they are read (format.ts, terraform-places.ts)
 *   Reading    how the value at a place is read: as an image name, as shell commands, … (readings.ts)
 *   Match      a value that a path leads to in one document (path.ts)
 *   Site       the offsets in a file where an image is named: what every reader returns
 *   Excerpt    a string as it reads, which knows where in the file each of its characters is written (excerpt.ts)
 *   Reference  a site with its outcome: its name in the cache and the edits, or why it is left alone (reference.ts)
 */

/** Why a place is left alone, whatever the rules of the cache say. */
export type LeftAlone =
  /** What is filled in decides which image it is. */
  | "variable"
  /** It is not an image name. */
  | "invalid"
  /** It may be an image name or something else. */
  | "ambiguous"
  /** It is an image name, written so that an edit would not be safe. */
  | "unwritable"
  /** It names what is built here, and not what is pulled. */
  | "built-here"
  /** It has no registry, and Docker Hub has no official image of that name: it is built somewhere, or a placeholder. */
  | "not-official"
  /** It begins with the host of a registry, and is where no format names images. */
  | "elsewhere"
  /** AWS Lambda takes no image from a pull-through cache. */
  | "lambda"
  /** A comment of the file exempts it. */
  | "ignored"
  /** The service has the image itself, and no registry is asked. */
  | "service-image";

/** A change of a text: the characters from `start` to `end` become `text`. Offsets are UTF-16 code units. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A place in a text where an image is named. */
export interface Site {
  /** Where the name begins and ends, without what quotes it. */
  readonly start: number;
  readonly end: number;
  /** The name, with escapes undone. It may hold variables. */
  readonly image: string;
  /** Set where the place is left alone, with the reason in words. */
  readonly leave?: { readonly why: LeftAlone; readonly reason: string };
  /**
   * What is to be written where a new name does not simply take the old one's place.
   *
   * @param name Registry and repository in the cache, without tag and digest.
   * @param cacheNameOf The same for another image; undefined for one that is left alone.
   */
  readonly edits?: (
    name: string,
    cacheNameOf: (image: string) => string | undefined,
  ) => readonly Edit[];
  /** Whether it is not a reference at all unless there is something to edit. */
  readonly onlyIfEdited?: true;
  /** Set where a chart compares the name with those that it came with, and refuses others. */
  readonly isChecked?: true;
  /**
   * Set where the name is that of what is built: with this tag, or with every tag. It is no reference then, unless `leave` is
   * set, too.
   */
  readonly builds?: "tag" | "every-tag";
}

/** The place of some characters of an excerpt. */
export function siteIn(
  excerpt: Excerpt,
  start = 0,
  end = excerpt.text.length,
  image = excerpt.text.slice(start, end),
): Site {
  return { ...excerpt.span(start, end), image };
}

/**
 * The place of a word that is joined from quoted and other parts, as in `alpine:"${TAG}"`: its name is changed where one part has
 * all of it.
 *
 * @param raw The word as it is written, from the site's start to its end.
 */
export function siteOfJoined(site: Site, raw: string): Site {
  const { start, end, image } = site;
  const read = readImageText(image);
  if (read.why === "variable") return site;
  const from = /^["']/.test(raw) ? 1 : 0;
  const isInOne =
    read.why === undefined &&
    raw.length === end - start &&
    raw.replace(/["']/g, "") === image &&
    raw.startsWith(read.name, from);
  return isInOne
    ? {
        ...site,
        edits: (name) => [
          { start: start + from, end: start + from + read.name.length, text: name },
        ],
      }
    : {
        ...site,
        leave: { why: "unwritable", reason: "it is assembled from quoted and other parts" },
      };
}

/** The places found in an excerpt, as places of the file that it is taken from. */
export function sitesIn(excerpt: Excerpt, sites: readonly Site[]): Site[] {
  return sites.map((site) => {
    const { edits } = site;
    return {
      ...site,
      ...excerpt.span(site.start, site.end),
      ...(edits && {
        edits: (...to: Parameters<typeof edits>) =>
          edits(...to).map((edit) => ({ ...edit, ...excerpt.span(edit.start, edit.end) })),
      }),
    };
  });
}
