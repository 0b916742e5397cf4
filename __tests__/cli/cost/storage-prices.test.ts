import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { storagePrice } from "../../../cli/cost/prices";
import { dailyPulls } from "../../../cli/cost/docker-hub-quota";
import type { CachedImage } from "../../../registry/cached-image";

/** Of the form of AWS's price list, with prices of our own. */
const list = {
  formatVersion: "v1.0",
  offerCode: "AmazonECR",
  publicationDate: "2026-10-01T00:00:00Z",
  products: {
    A: { sku: "A", attributes: { regionCode: "us-east-1", usagetype: "TimedStorage-ByteHrs" } },
    B: { sku: "B", attributes: { regionCode: "eu-west-1", usagetype: "EU-TimedStorage-ByteHrs" } },
    C: {
      sku: "C",
      attributes: { regionCode: "eu-west-1", usagetype: "EU-DataTransfer-Out-Bytes" },
    },
    D: {
      sku: "D",
      attributes: { regionCode: "eu-west-1", usagetype: "EU-TimedStorage-Archive-ByteHrs" },
    },
    E: { sku: "E", attributes: { usagetype: "Global-TimedStorage-ByteHrs" } },
  },
  terms: {
    OnDemand: {
      A: terms("A", [["0", "0.11"]]),
      B: terms("B", [
        ["150000", "0.05"],
        ["0", "0.13"],
      ]),
      C: terms("C", [["0", "9"]]),
      D: terms("D", [["0", "0.07"]]),
      E: terms("E", [["0", "8"]]),
    },
  },
};

function terms(sku: string, tiers: readonly (readonly [beginRange: string, USD: string])[]) {
  const priceDimensions = tiers.map(([beginRange, USD]) => [
    `${sku}.${beginRange}`,
    { unit: "GB-Mo", beginRange, pricePerUnit: { USD } },
  ]);
  return { [`${sku}.T`]: { priceDimensions: Object.fromEntries(priceDimensions) as object } };
}

function read(given: unknown): unknown {
  const module = pathToFileURL(join(process.cwd(), "cli/cost/storage-prices.mjs")).href;
  const script = `import { storagePrices } from ${JSON.stringify(module)};
    console.log(JSON.stringify(storagePrices(JSON.parse(process.argv[1]))));`;
  const argv = ["--input-type=module", "-e", script, JSON.stringify(given)];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8", stdio: "pipe" }));
}

test("the prices of a price list are those of the first tier of standard storage, by region", () => {
  expect(read(list)).toEqual({
    asOf: "2026-10-01",
    usdPerGbMonth: { "us-east-1": 0.11, "eu-west-1": 0.13 },
  });
});

test("a price list of another service is refused", () => {
  expect(() => read({ ...list, offerCode: "AmazonS3" })).toThrow('allowed: "AmazonECR"');
});

test("a price without a source is assumed to be that of us-east-1, and says so", () => {
  expect(storagePrice("us-east-1")).toMatchObject({ isAssumed: false });
  expect(storagePrice("sa-east-1")).toMatchObject({ usdPerGbMonth: 0.1, isAssumed: true });
  expect(storagePrice("constructor")).toMatchObject({ isAssumed: true });
  expect(storagePrice("sa-east-1", 0.2)).toMatchObject({ usdPerGbMonth: 0.2, isAssumed: false });
});

test("Docker Hub counts a pull for each image of an index, and one for an image of its own", () => {
  const image = (mediaType: string, ...tags: string[]): CachedImage => ({
    repository: "docker-hub/library/nginx",
    digest: "",
    tags,
    sizeBytes: 1,
    mediaType,
    pushedAt: new Date(),
    status: "ACTIVE",
  });
  const index = "application/vnd.oci.image.index.v1+json";
  const single = "application/vnd.oci.image.manifest.v1+json";
  expect(dailyPulls([image(single, "1"), image(single, "2", "latest")])).toBe(3);
  expect(
    dailyPulls([
      image(index, "1"),
      image(index, "2"),
      ...Array.from({ length: 8 }, () => image(single)),
    ]),
  ).toBe(8);
  expect(dailyPulls([image(index, "1")])).toBe(1);
});
