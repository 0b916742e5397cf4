import { upstreamOfHost } from "../ecr/upstreams";
import { readImageText } from "./image-text";
import { type Site } from "./site";

/** A name with a host, behind nothing or behind what introduces a value, at the end of its line. */
const HOSTED =
  /(?<=^|[\s"'=]|docker:\/\/)([a-z0-9][\w-]*(?:\.[\w-]+)+(?::\d+)?\/[^\s"'`,;|]+)(?=["']?[,;]?[ \t]*$)/gm;
/** Lines that are for people. */
const COMMENT = /^\s*(#|\/\/|--\s|<!--|\*)/;

/**
 * The names in a string that can be nothing else than an image: they begin with the host of a public registry and have a tag or a
 * digest. The string is such a name, the value of an option or a variable, or has lines that end with one.
 */
export function hostedSites(text: string): Site[] {
  const isLong = text.includes("\n");
  return [...text.matchAll(HOSTED)].flatMap(({ index, 1: image = "" }): Site[] => {
    const lineStart = text.lastIndexOf("\n", index - 1) + 1;
    const before = text.slice(lineStart, index);
    // In a sentence, a name is what it is about, and not what is pulled.
    if (isLong ? COMMENT.test(before) : /\s/.test(before.trimStart())) return [];
    const read = readImageText(image);
    if (read.why !== undefined || !looksHosted(image)) return [];
    const site = { start: index, end: index + image.length, image };
    return read.version !== ""
      ? [site]
      : [
          {
            ...site,
            leave: { why: "ambiguous", reason: "it has no tag, so that it may be something else" },
          },
        ];
  });
}

/** Whether a string is a name that begins with the host of a public registry. */
export function looksHosted(image: string): boolean {
  const host = image.slice(0, Math.max(image.indexOf("/"), 0));
  return host !== "" && upstreamOfHost(host) !== undefined;
}
