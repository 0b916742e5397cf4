import { benchJson } from "../../../cli/bench/json";
import { useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);

async function bench(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run("bench", "--env", "cache", ...argv, "--json");
  return { measured: parseJson(benchJson, stdout), stderr, exitCode };
}

test("`bench` pulls an image from its upstream, then through the cache, which has it from then on", async () => {
  const { measured, stderr, exitCode } = await bench("nginx:1.25");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(measured.map(({ from, cachedBefore }) => [from, cachedBefore])).toEqual([
    ["upstream", false],
    ["cache-first", false],
    ["cache-second", false],
  ]);
  const [upstream, ...others] = measured;
  expect(upstream!.bytes).toBeGreaterThan(1e6);
  for (const { bytes, manifestMs, layersMs } of others) {
    expect(bytes).toBe(upstream!.bytes);
    expect([manifestMs, layersMs]).toEqual([expect.any(Number), expect.any(Number)]);
  }
  expect(account.calls.count({ service: "registry-1.docker.io" })).toBeGreaterThan(2);

  const again = await bench("nginx:1.25");
  expect(again.measured.map(({ cachedBefore }) => cachedBefore)).toEqual([true, true, true]);
});

test("`bench` pulls the image of the platform that --platform names", async () => {
  account.upstream.set("quay.io/org/app:1", { platforms: ["linux/arm64", "linux/s390x"] });
  const arm = await bench("quay.io/org/app:1", "--platform", "linux/arm64");
  expect(arm.measured.map(({ message }) => message)).toEqual([null, null, null]);

  const { measured, stderr, exitCode } = await bench(
    "quay.io/org/app:1",
    "--platform",
    "plan9/mips",
  );
  expect(measured.map(({ bytes }) => bytes)).toEqual([null, null, null]);
  expect(stderr).toContain("quay.io/org/app:1 (cache-first): has no image for plan9/mips");
  expect(exitCode).toBe(2);
});

test("`bench` measures the cache where the upstream fails, and says why that could not be pulled", async () => {
  await bench("quay.io/org/app:2");
  account.upstream.set("quay.io/org/app:2", { failure: "too-many-requests" });
  const { measured, stderr, exitCode } = await bench("quay.io/org/app:2");
  expect(stderr).toBe(
    "ecr-cache: quay.io/org/app:2 (upstream): quay.io reports too many requests (429)\n",
  );
  expect(measured.map(({ bytes }) => bytes === null)).toEqual([true, false, false]);
  expect(exitCode).toBe(0);
});

test("`bench` names an image that the cache can't import, with exit code 2", async () => {
  account.upstream.set("quay.io/org/none", { failure: "not-found" });
  const { stderr, exitCode } = await bench("quay.io/org/none:1");
  expect(stderr).toContain("quay.io/org/none:1 (cache-first): ");
  expect(exitCode).toBe(2);
});

test("`bench` pulls by digest what its tag has imported", async () => {
  const images = await account.upstream.fetch("quay.io", "org/pinned", "1");
  if (images.failure) throw new Error(images.failure);
  const { digest } = images.images.at(-1)!;
  const { measured, exitCode } = await bench(`quay.io/org/pinned:1@${digest}`);
  expect(measured.every(({ message }) => message === null)).toBe(true);
  expect(exitCode).toBe(0);
});

test("`bench` prints a table of seconds and sizes", async () => {
  const { stdout, exitCode } = await run("bench", "--env", "cache", "quay.io/org/app:1");
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^IMAGE +FROM +MANIFEST +LAYERS +TOTAL +SIZE$/);
  expect(lines[1]).toMatch(
    /^quay\.io\/org\/app:1 +upstream +\d+\.\d\d s +\d+\.\d\d s +\d+\.\d\d s +\d/,
  );
  expect(lines[2]).toContain("cache, first pull");
  expect(lines[3]).toContain("cache, second pull");
  expect(exitCode).toBe(0);
});
