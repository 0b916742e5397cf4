import { createHash } from "node:crypto";
import type { PulledManifest } from "../../registry/pull";

/*
 * Copies of an image in its repository. A copy has the image's manifest with white space at its end, which means nothing in
 * JSON: the same content under another digest, which costs no storage. ECR deletes an image with its last tag, and there is
 * no call that removes a tag only if the image has another one. But a tag can be moved to a copy, and the copy can be
 * deleted by its digest, which deletes no other image, whatever other processes do meanwhile.
 */

/** What a copy is for: it keeps the content under a rescue tag, or has a tag until it is deleted with it. */
export type CopyRole = "rescue" | "stand-in";

const ROLES: Readonly<Record<CopyRole, string>> = { rescue: " ", "stand-in": "\t" };

/** The refresh's id in blanks, a bit each, and the role. */
const END = /\n([ \t]{48})([ \t])\n$/;

function digestOf(manifest: string): string {
  return `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
}

/** A refresh's copy of an image. */
export function copyOf(image: PulledManifest, refreshId: string, role: CopyRole): PulledManifest {
  const bits = BigInt(`0x${refreshId}`).toString(2).padStart(48, "0");
  const blanks = bits.replaceAll("0", " ").replaceAll("1", "\t");
  const manifest = `${image.manifest}\n${blanks}${ROLES[role]}\n`;
  return { ...image, manifest, digest: digestOf(manifest) };
}

/** The image that a copy was made of, and the refresh that made it; undefined if the image is no copy. */
export function originalOf(
  image: PulledManifest,
): { readonly image: PulledManifest; readonly refreshId: string } | undefined {
  const [end, blanks] = END.exec(image.manifest) ?? [];
  if (end === undefined || blanks === undefined) return undefined;
  const manifest = image.manifest.slice(0, -end.length);
  const bits = blanks.replaceAll(" ", "0").replaceAll("\t", "1");
  return {
    image: { ...image, manifest, digest: digestOf(manifest) },
    refreshId: BigInt(`0b${bits}`).toString(16).padStart(12, "0"),
  };
}
