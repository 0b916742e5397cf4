import { lifecyclePolicy } from "../../../ecr/lifecycle-policy";
import type { CachedImage } from "../../../registry/cached-image";
import { monthlyCost, storagePrice } from "../../../cli/cost/prices";
import { StorageCount } from "../../../cli/cost/storage";

const NOW = new Date("2026-11-24T12:00:00Z");
const RULES = [
  {
    upstream: "docker-hub",
    prefix: "docker-hub",
    lifecyclePolicy: lifecyclePolicy({ keepImages: 1 }),
  },
  { upstream: "quay", prefix: "quay", lifecyclePolicy: lifecyclePolicy({ expireAfterDays: 365 }) },
] as const;

function image(
  digest: string,
  sizeBytes: number,
  ageDays: number,
  mediaType = "application/vnd.oci.image.manifest.v1+json",
): CachedImage {
  return {
    repository: "",
    digest,
    tags: [digest],
    sizeBytes,
    mediaType,
    pushedAt: new Date(NOW.getTime() - ageDays * 24 * 3_600_000),
    status: "ACTIVE",
  };
}

const index = (digest: string, sizeBytes: number, ageDays: number) =>
  image(digest, sizeBytes, ageDays, "application/vnd.oci.image.index.v1+json");

test("storage is added up by upstream, repository and age, where an index counts as an image of size 0", () => {
  const count = new StorageCount(RULES, NOW);
  count.addRepository("docker-hub/a", "docker-hub", [
    image("1", 100, 0),
    image("2", 50, 6.9),
    index("3", 100, 0),
  ]);
  count.addRepository("docker-hub/b", "docker-hub", [image("4", 500, 7), image("5", 5, 400)]);
  count.addRepository("quay/c", "quay", [image("6", 10, 364), image("7", 20, 365)]);
  count.addRepository("quay/empty", "quay", []);
  const { total, upstreams, ages, repositories } = count.result();
  expect(total).toEqual({ repositories: 4, images: 7, bytes: 685 });
  expect(upstreams).toEqual([
    { upstream: "docker-hub", prefix: "docker-hub", repositories: 2, images: 5, bytes: 655 },
    { upstream: "quay", prefix: "quay", repositories: 2, images: 2, bytes: 30 },
  ]);
  expect(ages).toEqual([
    { fromDays: 0, toDays: 7, images: 3, bytes: 150 },
    { fromDays: 7, toDays: 30, images: 1, bytes: 500 },
    { fromDays: 30, toDays: 90, images: 0, bytes: 0 },
    { fromDays: 90, toDays: 180, images: 0, bytes: 0 },
    { fromDays: 180, toDays: 365, images: 1, bytes: 10 },
    { fromDays: 365, toDays: null, images: 2, bytes: 25 },
  ]);
  expect(repositories.map(({ repository, bytes }) => [repository, bytes])).toEqual([
    ["docker-hub/b", 505],
    ["docker-hub/a", 150],
    ["quay/c", 30],
    ["quay/empty", 0],
  ]);
});

test("the storage that would be freed is estimated by each rule's lifecycle policy", () => {
  const count = new StorageCount(RULES, NOW);
  count.addRepository("docker-hub/a", "docker-hub", [image("1", 100, 1), image("2", 50, 2)]);
  count.addRepository("quay/c", "quay", [image("6", 10, 364), image("7", 20, 366)]);
  expect(count.result().freed).toEqual({
    images: { atLeast: 2, atMost: 2 },
    bytes: { atLeast: 70, atMost: 70 },
  });
});

describe("storage with known manifests", () => {
  const blob = (digest: string, sizeBytes: number) => ({ digest, sizeBytes });
  const manifests = new Map([
    ["old", { blobs: [blob("base", 80), blob("old layer", 20)] }],
    ["new", { blobs: [blob("base", 80), blob("new layer", 30)] }],
  ]);

  test("a layer that two images of a repository share counts once, for the older one", () => {
    const count = new StorageCount(RULES, NOW);
    count.addRepository("quay/a", "quay", [image("new", 110, 1), image("old", 100, 10)], manifests);
    const { total, ages } = count.result();
    expect(total.bytes).toBe(130);
    expect(ages.slice(0, 2).map(({ bytes }) => bytes)).toEqual([30, 100]);
  });

  test("a layer in two repositories counts for each of them, as ECR stores it", () => {
    const count = new StorageCount(RULES, NOW);
    count.addRepository("quay/a", "quay", [image("old", 100, 1)], manifests);
    count.addRepository("quay/b", "quay", [image("old", 100, 1)], manifests);
    expect(count.result().total.bytes).toBe(200);
  });

  test("an image that is deleted frees only layers that no remaining image has", () => {
    const count = new StorageCount(RULES, NOW);
    count.addRepository(
      "docker-hub/a",
      "docker-hub",
      [image("new", 110, 1), image("old", 100, 10)],
      manifests,
    );
    expect(count.result().freed.bytes).toEqual({ atLeast: 20, atMost: 20 });
  });

  test("an image whose manifest can't be read counts with its size", () => {
    const count = new StorageCount(RULES, NOW);
    count.addRepository("quay/a", "quay", [image("archived", 42, 1)], manifests);
    expect(count.result().total.bytes).toBe(42);
  });
});

describe("storage prices", () => {
  test("the storage price of us-east-1 has its source", () => {
    const price = storagePrice("us-east-1");
    expect(price).toEqual({
      usdPerGbMonth: 0.1,
      source: "https://aws.amazon.com/ecr/pricing/",
      asOf: "2026-03",
      isAssumed: false,
    });
    expect(monthlyCost(2_130_000_000_000, price)).toBeCloseTo(213);
  });

  test("the storage price of another region is assumed", () => {
    expect(storagePrice("sa-east-1")).toMatchObject({ usdPerGbMonth: 0.1, isAssumed: true });
  });

  test("a storage price that the user gives is used as it is", () => {
    expect(storagePrice("sa-east-1", 0.15)).toEqual({
      usdPerGbMonth: 0.15,
      source: "--price",
      asOf: null,
      isAssumed: false,
    });
  });
});
