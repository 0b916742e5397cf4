import fc from "fast-check";
import { lifecyclePolicy, type LifecycleRule } from "../../../ecr/lifecycle-policy";
import { evaluateLifecyclePolicy } from "../../../sandbox/ecr/lifecycle-evaluation";
import { parseLifecyclePolicy } from "../../../sandbox/ecr/lifecycle-grammar";
import type { StoredImage } from "../../../sandbox/ecr/state";
import type { CachedImage } from "../../../registry/cached-image";
import { estimateExpiry } from "../../../cli/cost/lifecycle-estimate";
import { parseManifest } from "../../../registry/manifest";

/*
 * The estimate beside the sandbox's evaluation, which was written from the same documentation by itself.
 */

const NOW = new Date("2026-11-24T12:00:00Z");
const DAY = 24 * 3_600_000;
const INDEX = "application/vnd.oci.image.index.v1+json";
const IMAGE = "application/vnd.oci.image.manifest.v1+json";

interface Made {
  readonly ageDays: number;
  readonly tags: readonly string[];
  readonly isArchived: boolean;
  readonly pulledDaysAgo: number | undefined;
  /** Which of the images before it an index lists; undefined for a single image. */
  readonly lists: readonly number[] | undefined;
}

function repository(made: readonly Made[]): StoredImage[] {
  const images: StoredImage[] = [];
  for (const [at, { ageDays, tags, isArchived, pulledDaysAgo, lists }] of made.entries()) {
    const children = (lists ?? []).flatMap((index) => images[index % made.length]?.digest ?? []);
    // No two are of the same moment: which of them is the newer one is not defined.
    const pushedAt = new Date(NOW.getTime() - ageDays * DAY - at * 1_000);
    images.push({
      digest: `sha256:${String(at).padStart(64, "0")}`,
      manifest: JSON.stringify({ manifests: children.map((digest) => ({ digest })) }),
      mediaType: lists ? INDEX : IMAGE,
      children,
      sizeInBytes: 1_000,
      pushedAt,
      tags: new Set(tags.map((tag) => `${tag}-${at}`)),
      ...(pulledDaysAgo !== undefined && {
        lastPulledAt: new Date(NOW.getTime() - pulledDaysAgo * DAY),
      }),
      status: isArchived ? "ARCHIVED" : "ACTIVE",
      ...(isArchived && { lastArchivedAt: pushedAt }),
    });
  }
  return images;
}

function toCached(image: StoredImage): CachedImage {
  const { digest, tags, sizeInBytes, mediaType, pushedAt, lastPulledAt, status } = image;
  return {
    repository: "quay/org/app",
    digest,
    tags: [...tags],
    sizeBytes: sizeInBytes,
    mediaType,
    pushedAt,
    ...(lastPulledAt && { lastPulledAt }),
    status,
    ...(image.lastArchivedAt && { lastArchivedAt: image.lastArchivedAt }),
  };
}

const image = fc.record({
  ageDays: fc.integer({ min: 0, max: 400 }),
  tags: fc.subarray(["v1", "latest", "nightly"]),
  isArchived: fc.boolean(),
  pulledDaysAgo: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
  lists: fc.option(fc.array(fc.nat(20), { maxLength: 3 }), { nil: undefined }),
});

const days = fc.integer({ min: 1, max: 300 });
const rules = fc
  .record({
    tagged: fc.option(
      fc.oneof(
        days.map((expireAfterDays): LifecycleRule => ({ tagPatternList: ["v*"], expireAfterDays })),
        fc
          .integer({ min: 1, max: 5 })
          .map((keepImages): LifecycleRule => ({ tagPrefixList: ["nightly"], keepImages })),
      ),
      { nil: undefined },
    ),
    untagged: fc.option(
      days.map((expireAfterDays): LifecycleRule => ({ tagStatus: "untagged", expireAfterDays })),
      { nil: undefined },
    ),
    archived: fc.option(
      fc
        .integer({ min: 90, max: 300 })
        .map((expireArchivedAfterDays): LifecycleRule => ({ expireArchivedAfterDays })),
      { nil: undefined },
    ),
    any: fc.oneof(
      fc.integer({ min: 1, max: 10 }).map((keepImages): LifecycleRule => ({ keepImages })),
      days.map((expireAfterDays): LifecycleRule => ({ expireAfterDays })),
      days.map((archiveAfterDaysUnpulled): LifecycleRule => ({ archiveAfterDaysUnpulled })),
    ),
  })
  .map(({ tagged, untagged, archived, any }) =>
    [tagged, untagged, archived, any].filter((rule) => rule !== undefined),
  );

const digests = (images: readonly { readonly digest: string }[]) =>
  images.map(({ digest }) => digest).sort();

test("the expiry estimate equals ECR's result with manifests, and encloses it without them", () => {
  fc.assert(
    fc.property(fc.array(image, { maxLength: 20 }), rules, (made, list) => {
      const stored = repository(made);
      const policy = lifecyclePolicy(list);
      const expected = digests(
        evaluateLifecyclePolicy(parseLifecyclePolicy(JSON.stringify(policy)), stored, NOW)
          .filter(({ type }) => type === "expire")
          .map(({ image: { digest } }) => ({ digest })),
      );
      const images = stored.map(toCached);
      const manifests = new Map(
        stored.map(({ digest, manifest, mediaType }) => [
          digest,
          mediaType === INDEX ? parseManifest(manifest, mediaType) : { blobs: [] },
        ]),
      );

      const exact = estimateExpiry(policy, images, NOW, manifests);
      expect(digests(exact.atMost)).toEqual(expected);
      expect(exact.atLeast).toEqual(exact.atMost);

      const estimate = estimateExpiry(policy, images, NOW);
      expect(digests(estimate.atMost)).toEqual(expect.arrayContaining(expected));
      expect(digests(estimate.atMost)).toEqual(expect.arrayContaining(digests(estimate.atLeast)));
    }),
    { numRuns: 300 },
  );
});

test("the expiry estimate counts an untagged image only at its upper end if an index that stays may list it", () => {
  const images = repository([
    { ageDays: 100, tags: [], isArchived: false, pulledDaysAgo: undefined, lists: undefined },
    { ageDays: 1, tags: ["v1"], isArchived: false, pulledDaysAgo: undefined, lists: [0] },
  ]).map(toCached);
  const policy = lifecyclePolicy({ tagStatus: "untagged", expireAfterDays: 30 });
  const { atMost, atLeast } = estimateExpiry(policy, images, NOW);
  expect(digests(atMost)).toEqual([images[0]!.digest]);
  expect(atLeast).toEqual([]);
});

test("the expiry estimate is exact if no index stays", () => {
  const images = repository([
    { ageDays: 100, tags: [], isArchived: false, pulledDaysAgo: undefined, lists: undefined },
    { ageDays: 1, tags: ["v1"], isArchived: false, pulledDaysAgo: undefined, lists: undefined },
  ]).map(toCached);
  const policy = lifecyclePolicy({ expireAfterDays: 30 });
  const { atMost, atLeast } = estimateExpiry(policy, images, NOW);
  expect(digests(atLeast)).toEqual(digests(atMost));
  expect(atMost).toHaveLength(1);
});
