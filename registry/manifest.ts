import { isIndexMediaType } from "./media-types";

/** One image of an index. */
export interface IndexEntry {
  readonly digest: string;
  /** `os/architecture[/variant]`; absent for what is no image of a platform, such as an attestation. */
  readonly platform?: string;
}

/** A blob that an image is made of. */
export interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** What a manifest says. */
export interface Manifest {
  /** Of an index, what it lists; of a single image, undefined. */
  readonly entries?: readonly IndexEntry[];
  /** The configuration and the layers of a single image. */
  readonly blobs: readonly Blob[];
}

interface Descriptor {
  readonly digest?: string;
  readonly size?: number;
  readonly platform?: {
    readonly os?: string;
    readonly architecture?: string;
    readonly variant?: string;
  };
}

interface ManifestJson {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** What BuildKit gives the attestations in an index for a platform. */
const UNKNOWN_PLATFORM = "unknown/unknown";

function toEntry({ digest = "", platform }: Descriptor): IndexEntry {
  const name = [platform?.os, platform?.architecture, platform?.variant]
    .filter((part) => part !== undefined && part !== "")
    .join("/");
  return { digest, ...(name !== "" && name !== UNKNOWN_PLATFORM && { platform: name }) };
}

/**
 * Reads a manifest.
 *
 * @throws SyntaxError if it is not JSON.
 */
export function parseManifest(text: string, mediaType: string | undefined): Manifest {
  const { manifests, config, layers = [] } = JSON.parse(text) as ManifestJson;
  if (isIndexMediaType(mediaType) || manifests) {
    return { entries: (manifests ?? []).map(toEntry), blobs: [] };
  }
  const blobs = [...(config ? [config] : []), ...layers].map(({ digest = "", size = 0 }): Blob => ({
    digest,
    sizeBytes: size,
  }));
  return { blobs };
}
