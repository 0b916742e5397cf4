import type { ECRClient } from "@aws-sdk/client-ecr";
import { warmTarget, type WarmOptions } from "../../../cli/warm/warm-target";
import { ecrClientOf, useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";

const account = useAccount(cache);
let client: ECRClient;

beforeAll(() => {
  client = ecrClientOf(account);
});
afterAll(() => client.destroy());

const target = {
  image: "quay.io/org/app:1",
  repository: "quay/org/app",
  tag: "1",
  rule: cache.rules[1]!,
  upstreamRepository: "org/app",
};

function options(onSleep: (milliseconds: number) => void = () => undefined): WarmOptions {
  return {
    ownership: { own: ["quay"], others: [] },
    explain: (error) =>
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    retry: {
      sleep: (milliseconds) => {
        onSleep(milliseconds);
        return Promise.resolve();
      },
    },
  };
}

test.each([
  ["unavailable", "UpstreamUnavailable: The upstream registry could not be reached."],
  [
    "too-many-requests",
    "UpstreamTooManyRequests: The upstream registry answered with too many requests (429).",
  ],
  ["not-found", "ImageNotFound: Requested image not found"],
  ["access-denied", "UpstreamAccessDenied: The upstream registry denied access (403 Forbidden)."],
] as const)(
  "an upstream that answers %s is asked five times, with growing waits, and told",
  async (failure, message) => {
    account.upstream.set("quay.io", { failure });
    const sleeps: number[] = [];
    const outcome = await warmTarget(
      client,
      target,
      options((one) => sleeps.push(one)),
    );
    expect(outcome).toMatchObject({ status: "failed", digest: null, message });
    expect(sleeps).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(account.calls.count({ action: "BatchGetImage" })).toBe(5);
  },
);

test("an upstream that is well again meanwhile gives the image", async () => {
  account.upstream.set("quay.io", { failure: "unavailable" });
  const outcome = await warmTarget(
    client,
    target,
    options(() => account.upstream.reset()),
  );
  expect(outcome).toMatchObject({ status: "cached", message: null });
});

test("a call that is throttled is made again", async () => {
  account.faults.add({ kind: "throttle", action: "BatchGetImage", times: 2 });
  const outcome = await warmTarget(client, target, options());
  expect(outcome).toMatchObject({ status: "cached", message: null });
});

test("a call whose connection is lost is made again", async () => {
  account.faults.add({ kind: "cut-answer", action: "BatchGetImage", times: 2 });
  const outcome = await warmTarget(client, target, options());
  expect(outcome).toMatchObject({ status: "cached", message: null });
});

test.each([
  ["throttle", 12],
  ["cut", 8],
] as const)(
  "a call that always fails (%s) is made %d times, and no more",
  async (kind, attempts) => {
    account.faults.add({ kind, action: "BatchGetImage", times: 1_000 });
    const outcome = await warmTarget(client, target, options());
    expect(outcome).toMatchObject({ status: "failed" });
    expect(account.calls.count({ action: "BatchGetImage" })).toBe(attempts);
  },
);

test("a missing permission is told at once", async () => {
  account.faults.add({ kind: "deny", action: "BatchGetImage" });
  const outcome = await warmTarget(client, target, options());
  expect(outcome).toMatchObject({
    status: "failed",
    message: "AccessDeniedException: The sandbox denies this call: a fault was set.",
  });
  expect(account.calls.count({ action: "BatchGetImage" })).toBe(1);
});

test("a defect is thrown", async () => {
  const broken = ecrClientOf(account);
  jest.spyOn(broken, "send").mockImplementation(() => {
    throw new TypeError("x is not a function");
  });
  await expect(warmTarget(broken, target, options())).rejects.toThrow("x is not a function");
});

describe("a digest that is pulled after its tag", () => {
  /** The cache right after a first pull: what the index lists is not there yet for so many calls. */
  async function pinnedTo(digest: string, notYet: number) {
    let left = notYet;
    const asked: string[] = [];
    const ecr = ecrClientOf(account, async ({ input }, pass) => {
      const [imageId = {}] = input.imageIds ?? [];
      if (imageId.imageDigest !== digest) return await pass();
      asked.push(digest);
      if (left-- <= 0) return await pass();
      const failureReason = "Requested image not found";
      return { images: [], failures: [{ imageId, failureCode: "ImageNotFound", failureReason }] };
    });
    const outcome = await warmTarget(ecr, { ...target, digest }, options());
    return { outcome, asked: asked.length };
  }

  test("is waited for where the tag's index lists it", async () => {
    const fetched = await account.upstream.fetch("quay.io", "org/app", "1");
    const [child] = fetched.failure === undefined ? fetched.images : [];
    const { outcome, asked } = await pinnedTo(child!.digest, 2);
    expect(outcome).toMatchObject({ status: "cached", digest: child!.digest, message: null });
    expect(asked).toBe(3);
  });

  test("is asked for once where the tag names something else", async () => {
    const { outcome, asked } = await pinnedTo(`sha256:${"0".repeat(64)}`, 0);
    expect(outcome).toMatchObject({ status: "failed" });
    expect(outcome.message).toContain("pin the digest that the tag has now");
    expect(asked).toBe(1);
  });
});
