import { createHash, type Hash } from "node:crypto";
import type { ImportedImage } from "./fetched";
import type { Layer } from "./state";

/*
 * Images that exist nowhere: their content is derived from their names, so that a name always has the same digest. They
 * are valid, and container clients can pull and unpack them.
 */

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
// Not compressed: the output of gzip would depend on the version of zlib.
const LAYER = "application/vnd.oci.image.layer.v1.tar";

const LAYERS = 2;

interface Blob extends Layer {
  readonly mediaType: string;
  readonly digest: string;
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

const BLOCK = 512;

/**
 * The header of a file in a tar archive.
 * Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar interchange format)
 */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const writeOctal = (value: number, offset: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, "0"), offset);
  header.write(name);
  writeOctal(0o644, 100, 8);
  writeOctal(0, 108, 8);
  writeOctal(0, 116, 8);
  writeOctal(size, 124, 12);
  writeOctal(0, 136, 12);
  // The checksum is computed with spaces in its own place.
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  writeOctal(sum, 148, 7);
  return header;
}

const MEGABYTE = 1 << 20;
const LARGEST = 16;

/** The state of a hash after the beginning of every layer of so many megabytes, a file of zeros. */
const hashes = new Map<number, Hash>();

function hashOfFiller(megabytes: number): Hash {
  const known = hashes.get(megabytes);
  if (known) return known;
  const hash = createHash("sha256").update(tarHeader("filler", megabytes * MEGABYTE));
  const zeros = Buffer.alloc(MEGABYTE);
  for (let count = 0; count < megabytes; count += 1) hash.update(zeros);
  hashes.set(megabytes, hash);
  return hash;
}

/** A layer of 1 to 16 MB: a file of zeros, and one with the seed. It is generated whenever it is read. */
function layerOf(seed: string): Blob {
  const megabytes = 1 + (Number.parseInt(sha256(seed).slice(0, 6), 16) % LARGEST);
  const content = Buffer.from(`${seed}\n`);
  const padding = (BLOCK - (content.length % BLOCK)) % BLOCK;
  // Two blocks of zeros end the archive.
  const tail = Buffer.concat([
    tarHeader("name", content.length),
    content,
    Buffer.alloc(padding + 2 * BLOCK),
  ]);
  const filler = megabytes * MEGABYTE;
  return {
    mediaType: LAYER,
    digest: `sha256:${hashOfFiller(megabytes).copy().update(tail).digest("hex")}`,
    size: BLOCK + filler + tail.length,
    read: () => Buffer.concat([tarHeader("filler", filler), Buffer.alloc(filler), tail]),
  };
}

function platformOf(text: string) {
  const [os = "", architecture = "", variant] = text.split("/");
  return { architecture, os, ...(variant && { variant }) };
}

function configOf(platform: string, layers: readonly Blob[]): Blob {
  const text = JSON.stringify({
    ...platformOf(platform),
    config: {},
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const content = Buffer.from(text);
  return {
    mediaType: CONFIG,
    digest: `sha256:${sha256(text)}`,
    size: content.length,
    read: () => content,
  };
}

function image(
  mediaType: string,
  content: object,
  rest: Pick<ImportedImage, "children" | "sizeInBytes" | "layers">,
): ImportedImage {
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, ...content });
  return { digest: `sha256:${sha256(manifest)}`, manifest, mediaType, ...rest };
}

const descriptorOf = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });

function imageOf(seed: string, platform: string): ImportedImage {
  const layers = Array.from({ length: LAYERS }, (_, index) =>
    layerOf(`${seed} ${platform} layer ${index + 1}`),
  );
  const config = configOf(platform, layers);
  const blobs = [config, ...layers];
  return image(
    MANIFEST,
    { config: descriptorOf(config), layers: layers.map(descriptorOf) },
    {
      children: [],
      sizeInBytes: blobs.reduce((sum, { size }) => sum + size, 0),
      layers: new Map(blobs.map((blob) => [blob.digest, blob])),
    },
  );
}

/** The image of a seed: one platform makes a manifest, several make an index, which comes after its images. */
export function syntheticImages(seed: string, platforms: readonly string[]): ImportedImage[] {
  const children = platforms.map((platform) => imageOf(seed, platform));
  if (children.length === 1) return children;
  const manifests = children.map(({ digest, manifest, mediaType }, index) => ({
    mediaType,
    digest,
    size: manifest.length,
    platform: platformOf(platforms[index] ?? ""),
  }));
  const index = image(
    INDEX,
    { manifests },
    {
      children: children.map(({ digest }) => digest),
      sizeInBytes: Math.max(...children.map(({ sizeInBytes }) => sizeInBytes)),
      layers: new Map(),
    },
  );
  return [...children, index];
}
