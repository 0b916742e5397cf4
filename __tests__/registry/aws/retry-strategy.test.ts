import { DescribeRepositoriesCommand, type ECRClient } from "@aws-sdk/client-ecr";
import type { RetryErrorInfo } from "@smithy/types";
import { MAX_ATTEMPTS, PacedRetryStrategy } from "../../../registry/aws/retry-strategy";
import { exception, InProcessEcr } from "../../support/in-process-ecr";

const throttled = () => exception("ThrottlingException", "Rate exceeded");
const info = (error: object, errorType: RetryErrorInfo["errorType"]) =>
  ({ error, errorType }) as RetryErrorInfo;

/** The waits before the retries of a call that is refused for good. */
async function waitsOf(strategy: PacedRetryStrategy, error: RetryErrorInfo) {
  const waits: number[] = [];
  let token = await strategy.acquireInitialRetryToken();
  for (;;) {
    try {
      token = await strategy.refreshRetryTokenForRetry(token, error);
    } catch {
      return waits;
    }
    waits.push(token.getRetryDelay());
  }
}

test("a throttled call is retried after waits that double up to eight seconds", async () => {
  const strategy = new PacedRetryStrategy({ random: () => 1 });
  expect(await waitsOf(strategy, info(throttled(), "THROTTLING"))).toEqual([
    250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000,
  ]);
});

test("a call that fails on the way is retried sooner than one that is throttled", async () => {
  const strategy = new PacedRetryStrategy({ random: () => 1 });
  expect(await waitsOf(strategy, info(new Error("socket hang up"), "TRANSIENT"))).toEqual([
    50, 100, 200, 400, 800, 1_600, 3_200,
  ]);
});

test("each wait is drawn from all of its span", async () => {
  const strategy = new PacedRetryStrategy({ random: () => 0.25 });
  const waits = await waitsOf(strategy, info(throttled(), "THROTTLING"));
  expect(waits.slice(0, 2)).toEqual([62.5, 125]);
});

test.each([
  ["a refusal", info(exception("AccessDeniedException"), "CLIENT_ERROR")],
  // The SDK takes it for throttling.
  ["a quota that is used up", info(exception("LimitExceededException"), "THROTTLING")],
])("a call that ends with %s is not retried", async (_, error) => {
  expect(await waitsOf(new PacedRetryStrategy(), error)).toEqual([]);
});

test("all calls of a client slow down while some are throttled, and speed up as they are answered", async () => {
  const waits: number[] = [];
  const strategy = new PacedRetryStrategy({
    random: () => 1,
    sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
  });
  const first = await strategy.acquireInitialRetryToken();
  expect(waits).toEqual([]);
  let token = first;
  for (let refusal = 0; refusal < 3; refusal += 1) {
    token = await strategy.refreshRetryTokenForRetry(token, info(throttled(), "THROTTLING"));
  }

  for (let call = 0; call < 60; call += 1) {
    await strategy.acquireInitialRetryToken();
    strategy.recordSuccess();
  }

  expect(waits.slice(0, 3)).toEqual([1_000, 800, expect.closeTo(640)]);
  expect(waits.length).toBeLessThan(40);
});

test("the pace never exceeds four seconds", async () => {
  const waits: number[] = [];
  const strategy = new PacedRetryStrategy({
    random: () => 1,
    sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
  });
  await waitsOf(strategy, info(throttled(), "THROTTLING"));
  await strategy.acquireInitialRetryToken();
  expect(waits).toEqual([4_000]);
});

describe("a client with it", () => {
  const list = (client: ECRClient) => client.send(new DescribeRepositoriesCommand({}));

  test("gets through as long as fewer than twelve attempts at a call are throttled", async () => {
    const ecr = new InProcessEcr();
    let refusals = MAX_ATTEMPTS - 1;
    ecr.intercept = () => {
      if (refusals-- > 0) throw throttled();
    };
    await expect(list(ecr.client)).resolves.toMatchObject({ repositories: [] });
    expect(ecr.calls).toHaveLength(12);
  });

  test("gives up after the twelfth attempt, with ECR's own error", async () => {
    const ecr = new InProcessEcr();
    ecr.intercept = () => {
      throw throttled();
    };
    await expect(list(ecr.client)).rejects.toMatchObject({
      name: "ThrottlingException",
      $metadata: { attempts: 12 },
    });
    expect(ecr.calls).toHaveLength(12);
  });

  test("has no budget over all calls that a long run could use up, as the SDK's own strategies have", async () => {
    const ecr = new InProcessEcr();
    let attempts = 0;
    ecr.intercept = () => {
      attempts += 1;
      if (attempts % 4 !== 0) throw throttled();
    };
    for (let call = 0; call < 200; call += 1) await list(ecr.client);
    expect(ecr.calls).toHaveLength(800);
  });
});
