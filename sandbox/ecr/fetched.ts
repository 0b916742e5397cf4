import type { Layer } from "./state";

/** One manifest or index to be stored, with the blobs that it refers to. */
export interface ImportedImage {
  readonly digest: string;
  readonly manifest: string;
  readonly mediaType: string;
  readonly children: readonly string[];
  /** Of an index: the largest of its images (`imageSizeInBytes` in the API reference of ImageDetail). */
  readonly sizeInBytes: number;
  /** By digest; empty for an index. */
  readonly layers: ReadonlyMap<string, Layer>;
}

/** Why an upstream registry does not return an image. */
export const upstreamFailures = [
  "unauthorized",
  "access-denied",
  "not-found",
  "too-many-requests",
  "unavailable",
] as const;

export type UpstreamFailure = (typeof upstreamFailures)[number];

export type Fetched =
  | { readonly failure: UpstreamFailure }
  /** The images of an index come before it; the requested image is the last. */
  | { readonly failure?: undefined; readonly images: readonly ImportedImage[] };
