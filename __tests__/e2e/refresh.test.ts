import { refreshJson } from "../../cli/refresh/json";
import { warmJson } from "../../cli/warm/json";
import { parseJson } from "../support/contracts";
import type { FaultKind } from "../../sandbox/faults";
import { findMoto } from "../../sandbox/moto";
import { requireOrSkip } from "../support/require-or-skip";
import { type InventoryCache, startInventoryCache } from "../support/sandbox-cache";

/*
 * `refresh` under failure: no image is lost that the upstream cannot give back, without a message that names it and exit
 * code 2.
 */

const IMAGE = "quay.io/prometheus/prometheus:v2";
const REPOSITORY = "quay/prometheus/prometheus";

requireOrSkip(findMoto(), "ecr-cache refresh under failure, on the sandbox", () => {
  jest.setTimeout(180_000);
  let cache: InventoryCache;
  let old: string;

  beforeAll(async () => {
    cache = await startInventoryCache();
  });
  afterAll(() => cache.stop());
  beforeEach(async () => {
    await cache.deploy();
    const { stdout } = await cache.run("warm", IMAGE, "--json");
    old = parseJson(warmJson, stdout)[0]!.digest!;
    cache.publish(IMAGE, { revision: "2" });
  });
  afterEach(() => cache.reset());

  async function refresh(...argv: string[]) {
    const { stdout, stderr, exitCode } = await cache.run("refresh", IMAGE, "--json", ...argv);
    const [outcome] = parseJson(refreshJson, stdout);
    return { outcome: outcome!, stderr, exitCode };
  }

  /** What must hold, however a refresh has ended. */
  async function expectNothingLost({
    outcome,
    stderr,
    exitCode,
  }: Awaited<ReturnType<typeof refresh>>) {
    cache.sandbox.faults.clear();
    const images = await cache.images(REPOSITORY);
    const tagged = images.find(({ imageTags = [] }) => imageTags.includes("v2"))?.imageDigest;
    expect(images.map(({ imageDigest }) => imageDigest)).toContain(old);
    if (exitCode === 0) {
      expect(outcome.status).toBe("renewed");
      expect(tagged).toBe(outcome.newDigest);
      return;
    }
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`ecr-cache: ${REPOSITORY}:v2: `);
    // The way back is in the message, or the tag is where it was.
    if (tagged !== old) {
      expect(outcome.status).toBe("rescued");
      expect(stderr).toContain(old);
      expect(stderr).toContain(outcome.rescueTag!);
    }
  }

  const ACTIONS = ["DescribeImages", "BatchGetImage", "PutImage", "BatchDeleteImage"] as const;
  const KINDS: readonly FaultKind[] = ["throttle", "deny", "cut", "cut-answer"];

  describe.each(ACTIONS)("%s", (action) => {
    test.each(KINDS)("that fails once by %s", async (kind) => {
      cache.sandbox.faults.add({ kind, action, service: "ecr" });
      const result = await refresh();
      await expectNothingLost(result);
      // Whatever passes is sat out.
      if (kind !== "deny") expect(result.outcome.status).toBe("renewed");
    });

    test("that is denied for good", async () => {
      cache.sandbox.faults.add({ kind: "deny", action, service: "ecr", times: 100 });
      const result = await refresh();
      await expectNothingLost(result);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(`ecr:${action}`);
    });
  });

  test("an upstream that stops answering in between costs the old image nothing", async () => {
    // It answers who asks for the manifest, and not ECR.
    cache.sandbox.upstream.set("quay.io", { failure: "unavailable" });
    const result = await refresh();
    await expectNothingLost(result);
    expect(result.outcome).toMatchObject({ status: "restored", oldDigest: old, newDigest: old });
    expect(result.stderr).toMatch(
      /could not be pulled again \(UpstreamUnavailable: .*\); the old image sha256:\w{64} has its tag back/,
    );
    const before = await cache.images(REPOSITORY);
    expect(before.flatMap(({ imageTags = [] }) => imageTags)).toEqual(["v2"]);

    // When it is well again, so is the refresh.
    cache.sandbox.upstream.reset();
    cache.publish(IMAGE, { revision: "2" });
    expect((await refresh()).outcome.status).toBe("renewed");
  });

  test.each(["access-denied", "not-found", "too-many-requests", "unavailable"] as const)(
    "an upstream that answers %s is a refusal, and nothing is touched",
    async (failure) => {
      cache.published.set("quay.io", { failure });
      const before = await cache.images(REPOSITORY);
      cache.sandbox.calls.reset();
      const result = await refresh();
      expect(result).toMatchObject({ exitCode: 2, outcome: { status: "refused", oldDigest: old } });
      expect(result.stderr).toContain("nothing was changed (--force continues anyway)");
      expect(await cache.images(REPOSITORY)).toEqual(before);
      for (const action of ["PutImage", "BatchDeleteImage"]) {
        expect(cache.sandbox.calls.count({ action })).toBe(0);
      }
    },
  );
});
