import { parseManifest } from "../../registry/manifest";
import { mapAll } from "../../registry/aws/map-concurrently";

/** Where an image is pulled from. */
export interface Source {
  /** @param reference a tag or digest */
  manifest(reference: string): Promise<{ readonly text: string; readonly mediaType?: string }>;
  /** The content of a configuration or layer. */
  blob(digest: string): Promise<Response>;
}

/** How long a pull took. */
export interface Timing {
  readonly manifestMs: number;
  readonly layersMs: number;
  readonly bytes: number;
}

/** Why an image can't be pulled from a source, in one line. */
export class NotPulled extends Error {}

/** The layers that container clients download at a time. */
const PARALLEL = 3;

async function sizeOf(response: Response): Promise<number> {
  if (!response.ok) throw new NotPulled(`a layer was answered with status ${response.status}`);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).byteLength;
  return bytes;
}

/**
 * Pulls an image as a container client does: the manifest, that of the platform where it is an index, then all of its layers,
 * which are thrown away.
 *
 * @throws NotPulled where the source or the image does not have it.
 */
export async function measurePull(
  source: Source,
  reference: string,
  platform: string,
): Promise<Timing> {
  const start = performance.now();
  let { text, mediaType } = await source.manifest(reference);
  let manifest = parseManifest(text, mediaType);
  if (manifest.entries) {
    const entry = manifest.entries.find((candidate) => candidate.platform === platform);
    if (!entry) throw new NotPulled(`has no image for ${platform} (--platform)`);
    ({ text, mediaType } = await source.manifest(entry.digest));
    manifest = parseManifest(text, mediaType);
  }
  const between = performance.now();
  const sizes = await mapAll(manifest.blobs, PARALLEL, async ({ digest }) =>
    sizeOf(await source.blob(digest)),
  );
  return {
    manifestMs: between - start,
    layersMs: performance.now() - between,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}
