import type { Prune } from "../../../ecr/environment/prune";
import { MARKER_TAG } from "../../../ecr/marker";
import { RECONCILE_ALL, type ReconcileAllEvent } from "../../../reconcile/lambda/events";
import { formatPrune, parsePrune } from "../../../reconcile/lambda/prune-variable";
import { reconcileHandler, STOP_MARGIN_MS } from "../../../reconcile/lambda/reconcile-handler";
import { exception, InProcessEcr } from "../../support/in-process-ecr";
import { recordedLogger, recordedMetrics } from "../../support/lambda-fakes";

const DAY = 86_400_000;
const SCANNER = "arn:aws:iam::111111111111:role/scanner";
const PRUNE: Prune = {
  unpulledForDays: 90,
  keepAtLeast: 1,
  dryRun: false,
  pullTimeUpdateExclusions: [SCANNER],
};
const plenty = { getRemainingTimeInMillis: () => 900_000 };

function setUp(prune: Prune | undefined = PRUNE) {
  const ecr = new InProcessEcr();
  ecr.addTemplate("docker-hub");
  ecr.addRule("docker-hub");
  const invocations: ReconcileAllEvent[] = [];
  const logger = recordedLogger();
  const metrics = recordedMetrics();
  const handler = reconcileHandler({
    ecr: ecr.client,
    options: { prefixes: { own: ["docker-hub"], neighbours: [] }, existingPolicies: "keep" },
    prune,
    invokeAgain: (event) => {
      invocations.push(JSON.parse(JSON.stringify(event)) as ReconcileAllEvent);
      return Promise.resolve();
    },
    logger,
    metrics,
  });
  return { ecr, handler, invocations, logger, metrics };
}

/** A repository of the cache with images that were pulled so many days ago. */
function add(ecr: InProcessEcr, name: string, ages: readonly number[], origin = "origin=cache") {
  ecr.add(name, { tags: { [MARKER_TAG]: origin } });
  const { images } = ecr.repositories.get(name)!;
  ages.forEach((age, at) => {
    const digest = `sha256:${at.toString(16).padStart(64, "0")}`;
    images.set(digest, {
      digest,
      manifest: "{}",
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      children: [],
      sizeInBytes: 1_000,
      pushedAt: new Date(Date.now() - 400 * DAY),
      lastPulledAt: new Date(Date.now() - age * DAY),
      tags: new Set([`t${at}`]),
      status: "ACTIVE",
    });
  });
  return () => [...images.values()].flatMap(({ tags }) => [...tags]);
}

test("the scheduled run deletes what nobody pulled, counts what stays, and does nothing the second time", async () => {
  const { ecr, handler, metrics, logger } = setUp();
  const left = add(ecr, "docker-hub/a", [1, 100, 200]);
  const last = add(ecr, "docker-hub/b", [100, 200]);
  await handler({ action: RECONCILE_ALL }, plenty);
  expect([left(), last()]).toEqual([["t0"], ["t0"]]);
  expect(metrics.published).toMatchObject([{ ImagesPruned: 3, BytesPruned: 3_000 }]);
  expect(logger.lines.at(-1)?.[2]).toMatchObject({
    pruned: { pruned: 3, prunedBytes: 3_000, left: 2, leftBytes: 2_000 },
  });
  expect(logger.lines.map(([, text]) => text)).toContain("repository pruned");

  const before = ecr.count("BatchDeleteImage");
  await handler({ action: RECONCILE_ALL }, plenty);
  expect(ecr.count("BatchDeleteImage")).toBe(before);
});

test("the scheduled run deletes no images unless the environment prunes, and none of an unproven repository", async () => {
  const quiet = setUp();
  const unproven = add(quiet.ecr, "docker-hub/pushed", [100, 200], "origin=unknown");
  await quiet.handler({ action: RECONCILE_ALL }, plenty);
  expect(unproven()).toEqual(["t0", "t1"]);
  expect(quiet.logger.lines.map((line) => JSON.stringify(line)).join("")).toContain(
    "images: nothing proves that the cache created it",
  );
  expect(quiet.ecr.count("DescribeImages")).toBe(0);

  const ecr = new InProcessEcr();
  ecr.addTemplate("docker-hub");
  const left = add(ecr, "docker-hub/a", [100, 200]);
  const handler = reconcileHandler({
    ecr: ecr.client,
    options: { prefixes: { own: ["docker-hub"], neighbours: [] }, existingPolicies: "keep" },
    invokeAgain: () => Promise.resolve(),
    logger: recordedLogger(),
    metrics: recordedMetrics(),
  });
  await handler({ action: RECONCILE_ALL }, plenty);
  expect(left()).toEqual(["t0", "t1"]);
});

test("a dry run of the schedule logs what it would delete, and sends no metric of it", async () => {
  const { ecr, handler, metrics, logger } = setUp({ ...PRUNE, dryRun: true });
  const left = add(ecr, "docker-hub/a", [1, 100]);
  await handler({ action: RECONCILE_ALL }, plenty);
  expect(left()).toEqual(["t0", "t1"]);
  expect(metrics.published[0]).not.toHaveProperty("ImagesPruned");
  expect(logger.lines.map(([, text]) => text)).toContain("repository would be pruned");
  expect(ecr.count("BatchDeleteImage")).toBe(0);
});

test("a run that is short of time goes on in the middle of a repository, and counts each image once", async () => {
  const { ecr, handler, invocations, logger } = setUp();
  const repositories = Array.from({ length: 30 }, (_, at) =>
    add(ecr, `docker-hub/${at + 10}`, [1, ...Array.from({ length: 350 }, (__, age) => 100 + age)]),
  );
  const short = () => {
    let left = STOP_MARGIN_MS + 40;
    return { getRemainingTimeInMillis: () => (left -= 1) };
  };
  await handler({ action: RECONCILE_ALL }, short());
  for (const event of invocations) await handler(event, short());
  expect(invocations.length).toBeGreaterThan(1);
  expect(repositories.filter((left) => left().length !== 1)).toEqual([]);
  expect(logger.lines.at(-1)?.slice(1)).toEqual([
    "run completed",
    expect.objectContaining({
      examined: 30,
      pruned: { pruned: 30 * 350, prunedBytes: 30 * 350_000, left: 30, leftBytes: 30_000 },
    }),
  ]);
});

test("the scheduled run excludes the roles from pull times that are not excluded yet, in the first invocation", async () => {
  const { ecr, handler } = setUp();
  await handler({ action: RECONCILE_ALL }, plenty);
  await handler({ action: RECONCILE_ALL }, plenty);
  expect(ecr.count("RegisterPullTimeUpdateExclusion")).toBe(1);
  await handler({ action: RECONCILE_ALL, invocation: 2 }, plenty);
  expect(ecr.count("ListPullTimeUpdateExclusions")).toBe(2);
  expect([...ecr.service.registry("us-east-1").pullTimeExclusions.keys()]).toEqual([SCANNER]);
});

test("exclusions that ECR refuses are reported, and the run goes on", async () => {
  const { ecr, handler, metrics } = setUp();
  const left = add(ecr, "docker-hub/a", [1, 100]);
  ecr.intercept = (action) => {
    if (action === "RegisterPullTimeUpdateExclusion") throw exception("LimitExceededException");
  };
  await handler({ action: RECONCILE_ALL }, plenty);
  expect(metrics.published).toMatchObject([{ RepositoriesFailed: 1, ImagesPruned: 1 }]);
  expect(left()).toEqual(["t0"]);
});

test("the variable PRUNE is read back as it was written, and refused where something is missing", () => {
  expect(parsePrune(formatPrune(PRUNE))).toEqual(PRUNE);
  expect(parsePrune(undefined)).toBeUndefined();
  for (const value of ["{}", '{"unpulledForDays":0,"keepAtLeast":0,"dryRun":false}']) {
    expect(() => parsePrune(value)).toThrow("environment variable PRUNE");
  }
});
