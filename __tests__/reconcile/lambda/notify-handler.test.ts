import type { Notification } from "../../../reconcile/lambda/failure-message";
import { notifyHandler, QUIET_MS } from "../../../reconcile/lambda/notify-handler";
import { pullThroughCacheEvent, recordedLogger, recordedMetrics } from "../../support/lambda-fakes";

const failed = (detail: Parameters<typeof pullThroughCacheEvent>[0] = {}) =>
  pullThroughCacheEvent({
    "sync-status": "FAILED",
    "failure-code": "UpstreamAccessDenied",
    "failure-reason": "the upstream registry refused the credential",
    ...detail,
  });

function setUp() {
  const sent: Notification[] = [];
  const clock = { time: 0 };
  const topic = { isDown: false };
  const logger = recordedLogger();
  const metrics = recordedMetrics();
  const handler = notifyHandler({
    environment: "prod",
    publish: (notification) => {
      if (topic.isDown) return Promise.reject(new Error("topic is gone"));
      sent.push(notification);
      return Promise.resolve();
    },
    logger,
    metrics,
    now: () => clock.time,
  });
  return { sent, clock, topic, logger, metrics, handler };
}

test("sends a message for a pull that did not succeed, and counts it by prefix", async () => {
  const { sent, metrics, handler } = setUp();
  await handler(failed());
  expect(sent).toHaveLength(1);
  expect(sent[0]?.subject).toBe("ECR cache prod: access denied: docker-hub/library/nginx:1.27");
  expect(metrics.published).toEqual([{ dimensions: { prefix: "docker-hub" }, FailedSyncs: 1 }]);
});

test("sends nothing for a pull that succeeded", async () => {
  const { sent, metrics, handler } = setUp();
  await handler(pullThroughCacheEvent());
  expect(sent).toEqual([]);
  expect(metrics.published).toEqual([]);
});

test("takes every status but SUCCESS for a failure", async () => {
  const { sent, handler } = setUp();
  await handler(failed({ "sync-status": "SOMETHING_NEW", "failure-code": undefined }));
  expect(sent).toHaveLength(1);
});

test("sends one message an hour for the same prefix and reason, and says how many it held back", async () => {
  const { sent, clock, metrics, handler } = setUp();
  await handler(failed());
  clock.time = QUIET_MS - 1;
  await handler(failed({ "repository-name": "docker-hub/library/redis" }));
  await handler(failed());
  expect(sent).toHaveLength(1);
  expect(metrics.published).toHaveLength(3);

  clock.time = QUIET_MS;
  await handler(failed());
  expect(sent).toHaveLength(2);
  expect(sent[0]?.message).not.toContain("more failed");
  expect(sent[1]?.message).toContain(
    "Since the last message about this, 2 more failed for the same reason.",
  );
});

test("holds nothing back for another prefix or another reason", async () => {
  const { sent, handler } = setUp();
  await handler(failed());
  await handler(failed({ "ecr-repository-prefix": "ghcr" }));
  await handler(failed({ "failure-code": "TooManyRequests" }));
  expect(sent.map(({ subject }) => subject.split(": ")[1])).toEqual([
    "access denied",
    "access denied",
    "too many requests",
  ]);
});

test("is a failed invocation if the message can't be sent, and does not take it for sent", async () => {
  const { sent, topic, logger, handler } = setUp();
  topic.isDown = true;
  await expect(handler(failed())).rejects.toThrow("topic is gone");
  expect(logger.lines.at(-1)?.[1]).toBe("invocation failed");
  topic.isDown = false;
  await handler(failed());
  expect(sent).toHaveLength(1);
});

test("refuses any other event", async () => {
  const { handler } = setUp();
  await expect(handler({ source: "aws.s3", "detail-type": "x" })).rejects.toThrow(
    'event: found source "aws.s3", detail-type "x"; allowed: an ECR Pull Through Cache Action',
  );
});
