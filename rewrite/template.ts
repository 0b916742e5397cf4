import { templateParts } from "./hcl-tokens";
import type { Site } from "./site";

/*
 * JSON that Terraform fills in: `"image": "nginx:${version}", "cpu": ${cpu}`.
 */

/**
 * A template with everything that is filled in replaced by as many characters that are good JSON at that place, so that
 * what is around it can be read.
 */
function maskTemplate(text: string): string {
  let masked = "";
  let inText = false;
  for (const part of templateParts(text)) {
    const piece = text.slice(part.start, part.end);
    if (part.kind === "filled") {
      if (inText) masked += `\${${"_".repeat(piece.length - 3)}}`;
      else masked += (piece.startsWith("%") ? "" : "0").padEnd(piece.length);
      continue;
    }
    masked += piece;
    for (const { 0: quote } of piece.matchAll(/\\.|"/gs)) if (quote === '"') inText = !inText;
  }
  return masked;
}

/** Reads a template of JSON by a reader of JSON. */
export function readTemplate(text: string, read: (json: string) => Site[]): Site[] {
  return read(maskTemplate(text)).map((site) =>
    // The name is what is written, and not the mask.
    site.end - site.start === site.image.length
      ? { ...site, image: text.slice(site.start, site.end) }
      : site,
  );
}
