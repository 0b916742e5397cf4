import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { syntheticImages } from "../../sandbox/ecr/synthetic-image";

const sha256 = (content: string | Buffer) =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

const [image] = syntheticImages("quay.io/org/app:1", ["linux/arm64/v8"]);

test("a synthetic image has blobs whose digests and sizes are those of its manifest", () => {
  const { config, layers } = JSON.parse(image!.manifest) as {
    config: { digest: string; size: number };
    layers: { digest: string; size: number }[];
  };
  expect(sha256(image!.manifest)).toBe(image!.digest);
  const blobs = [config, ...layers];
  expect([...image!.layers.keys()]).toEqual(blobs.map(({ digest }) => digest));
  for (const { digest, size } of blobs) {
    const layer = image!.layers.get(digest);
    const content = layer!.read();
    expect([sha256(content), content.length, layer!.size]).toEqual([digest, size, size]);
  }
  expect(image!.sizeInBytes).toBe(blobs.reduce((sum, { size }) => sum + size, 0));
});

test("a synthetic image's configuration names its platform and its layers", () => {
  const [config, ...layers] = [...image!.layers];
  expect(JSON.parse(config![1].read().toString())).toEqual({
    os: "linux",
    architecture: "arm64",
    variant: "v8",
    config: {},
    rootfs: { type: "layers", diff_ids: layers.map(([digest]) => digest) },
  });
});

test("a synthetic image's layer is an archive that tar reads, between 1 and 17 MB", () => {
  const layer = [...image!.layers.values()].at(-1)!;
  const input = layer.read();
  const tar = (...args: string[]) => execFileSync("tar", args, { input, encoding: "utf8" });
  expect(tar("-tf", "-")).toBe("filler\nname\n");
  expect(tar("-xOf", "-", "name")).toBe("quay.io/org/app:1 linux/arm64/v8 layer 2\n");
  expect(layer.size).toBeGreaterThan(1e6);
  expect(layer.size).toBeLessThan(17.5e6);
});

test("a synthetic image is the same for the same seed, and another for another", () => {
  const digest = (seed: string) => syntheticImages(seed, ["linux/amd64"])[0]!.digest;
  expect(digest("a")).toBe(digest("a"));
  expect(digest("a")).not.toBe(digest("b"));
});
