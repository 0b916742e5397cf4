import { RECONCILE_ALL, type ReconcileAllEvent } from "../../../reconcile/lambda/events";
import {
  MAX_INVOCATIONS,
  reconcileHandler,
  type ReconcileHandlerProps,
  STOP_MARGIN_MS,
} from "../../../reconcile/lambda/reconcile-handler";
import { exception, InProcessEcr } from "../../support/in-process-ecr";
import { pullThroughCacheEvent, recordedLogger, recordedMetrics } from "../../support/lambda-fakes";

const POLICY = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 10 },
      action: { type: "expire" },
    },
  ],
});

function setUp(props: Partial<ReconcileHandlerProps> = {}) {
  const ecr = new InProcessEcr();
  ecr.addTemplate("docker-hub", { lifecyclePolicy: POLICY });
  ecr.addRule("docker-hub");
  const invocations: ReconcileAllEvent[] = [];
  const logger = recordedLogger();
  const metrics = recordedMetrics();
  const handler = reconcileHandler({
    ecr: ecr.client,
    options: { prefixes: { own: ["docker-hub"], neighbours: [] }, existingPolicies: "keep" },
    invokeAgain: (event) => {
      // As it comes out of Lambda's queue.
      invocations.push(JSON.parse(JSON.stringify(event)) as ReconcileAllEvent);
      return Promise.resolve();
    },
    logger,
    metrics,
    ...props,
  });
  return { ecr, handler, invocations, logger, metrics };
}

const plenty = { getRemainingTimeInMillis: () => 900_000 };
const success = (repository: string) => pullThroughCacheEvent({ "repository-name": repository });

describe("the event of a pull", () => {
  test("makes just that repository follow its template", async () => {
    const { ecr, handler, metrics, logger } = setUp();
    const pulled = ecr.add("docker-hub/library/nginx");
    const other = ecr.add("docker-hub/library/redis");

    await handler(success("docker-hub/library/nginx"), plenty);

    expect(pulled.lifecyclePolicy).toBe(POLICY);
    expect(other.lifecyclePolicy).toBeUndefined();
    expect(ecr.callsAbout("docker-hub/library/redis")).toEqual([]);
    expect(metrics.published).toEqual([
      {
        dimensions: {},
        RepositoriesExamined: 1,
        RepositoriesChanged: 1,
        RepositoriesKept: 0,
        RepositoriesFailed: 0,
      },
    ]);
    expect(logger.lines).toEqual([
      [
        "info",
        "repository changed",
        {
          repository: "docker-hub/library/nginx",
          changes: [
            { aspect: "lifecycle policy", reason: "set: it had none" },
            { aspect: "tags", reason: "set: ecr-cache:applied" },
          ],
          kept: [],
          failures: [],
        },
      ],
    ]);
  });

  test("does nothing about a repository that is not the environment's", async () => {
    const { ecr, handler, metrics, logger } = setUp();
    ecr.add("quay/a");
    await handler(success("quay/a"), plenty);
    expect(ecr.callsAbout("quay/a")).toEqual([]);
    expect(metrics.published).toEqual([]);
    expect(logger.lines).toEqual([
      ["info", "repository does not exist, or is not this environment's", { repository: "quay/a" }],
    ]);
  });

  test("is a failed invocation if ECR refuses something, so that it is tried again and heard of", async () => {
    const { ecr, handler, metrics, logger } = setUp();
    ecr.add("docker-hub/a");
    ecr.intercept = (name) => {
      if (name === "PutLifecyclePolicy") throw exception("AccessDeniedException", "no");
    };
    await expect(handler(success("docker-hub/a"), plenty)).rejects.toThrow(
      "docker-hub/a: lifecycle policy: AccessDeniedException: no",
    );
    expect(metrics.published).toMatchObject([{ RepositoriesFailed: 1 }]);
    expect(logger.lines.map(([level, text]) => [level, text])).toEqual([
      ["error", "repository failed"],
      ["error", "invocation failed"],
    ]);
  });

  test("reads templates and rules once a minute only", async () => {
    let time = 0;
    const { ecr, handler } = setUp({ now: () => time });
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/b");
    await handler(success("docker-hub/a"), plenty);
    time = 60_000;
    await handler(success("docker-hub/b"), plenty);
    expect(ecr.count("DescribeRepositoryCreationTemplates")).toBe(1);
    time = 60_001;
    await handler(success("docker-hub/b"), plenty);
    expect(ecr.count("DescribeRepositoryCreationTemplates")).toBe(2);
  });
});

describe("the schedule", () => {
  test("makes all repositories follow their templates", async () => {
    const { ecr, handler, invocations, metrics, logger } = setUp();
    const repositories = ["a", "b", "c"].map((name) => ecr.add(`docker-hub/${name}`));
    ecr.add("application");

    await handler({ action: RECONCILE_ALL }, plenty);

    expect(repositories.map(({ lifecyclePolicy }) => lifecyclePolicy)).toEqual([
      POLICY,
      POLICY,
      POLICY,
    ]);
    expect(invocations).toEqual([]);
    expect(metrics.published).toMatchObject([{ RepositoriesExamined: 3, RepositoriesChanged: 3 }]);
    expect(logger.lines.at(-1)).toEqual([
      "info",
      "run completed",
      { examined: 3, changed: 3, kept: 0, failed: 0, foreign: 1, invocations: 1 },
    ]);
  });

  test("stops before the time is up and goes on in another invocation from where it was", async () => {
    const { ecr, handler, invocations, metrics, logger } = setUp();
    for (let index = 0; index < 100; index += 1) ecr.add(`docker-hub/${index + 100}`);
    ecr.add("application");
    /** Time for some 30 repositories. */
    const short = () => {
      let left = STOP_MARGIN_MS + 30;
      return { getRemainingTimeInMillis: () => (left -= 1) };
    };

    await handler({ action: RECONCILE_ALL }, short());
    expect(invocations).toHaveLength(1);
    // Each adds the next one, if it does not come to the end.
    for (const event of invocations) await handler(event, short());

    expect(invocations.length).toBeGreaterThan(1);
    expect(invocations.length).toBeLessThan(10);
    expect([...ecr.repositories.values()].filter((one) => one.lifecyclePolicy)).toHaveLength(100);
    // No repository was looked at twice.
    expect(ecr.count("ListTagsForResource")).toBe(100);
    const examined = metrics.published.map((one) => one.RepositoriesExamined as number);
    expect(examined.reduce((sum, count) => sum + count)).toBe(100);
    expect(logger.lines.at(-1)).toEqual([
      "info",
      "run completed",
      {
        examined: 100,
        changed: 100,
        kept: 0,
        failed: 0,
        foreign: 1,
        invocations: invocations.length + 1,
      },
    ]);
  });

  test("does not fail for a repository that does: the others are what matters, and a metric tells", async () => {
    const { ecr, handler, metrics } = setUp();
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/b");
    ecr.intercept = (name, repository) => {
      if (name === "PutLifecyclePolicy" && repository === "docker-hub/a") throw exception("No");
    };
    await handler({ action: RECONCILE_ALL }, plenty);
    expect(metrics.published).toMatchObject([{ RepositoriesFailed: 1, RepositoriesChanged: 1 }]);
  });

  test("is a failed invocation if there is no time for a single repository: it would go on for ever", async () => {
    const { ecr, handler, invocations } = setUp();
    ecr.add("docker-hub/a");
    await expect(
      handler({ action: RECONCILE_ALL }, { getRemainingTimeInMillis: () => 1_000 }),
    ).rejects.toThrow("time-out must be well over 60 seconds");
    expect(invocations).toEqual([]);
  });

  test("is a failed invocation after too many of them, and says where it was", async () => {
    const { ecr, handler } = setUp();
    ecr.add("docker-hub/a");
    await expect(
      handler(
        {
          action: RECONCILE_ALL,
          invocation: MAX_INVOCATIONS + 1,
          cursor: { after: "docker-hub/x" },
        },
        plenty,
      ),
    ).rejects.toThrow('after 15 invocations; it stopped at {"after":"docker-hub/x"}');
    expect(ecr.calls).toEqual([]);
  });

  test("is a failed invocation if ECR lists no repositories", async () => {
    const { ecr, handler, logger } = setUp();
    ecr.intercept = (name) => {
      if (name === "DescribeRepositories") throw exception("AccessDeniedException", "denied");
    };
    await expect(handler({ action: RECONCILE_ALL }, plenty)).rejects.toThrow("denied");
    expect(logger.lines.map(([level, text]) => [level, text])).toEqual([
      ["error", "invocation failed"],
    ]);
  });
});

describe("any other event", () => {
  test.each([
    [undefined, "an event without source and action"],
    [
      { source: "aws.ecr", "detail-type": "ECR Image Action" },
      'source "aws.ecr", detail-type "ECR Image Action"',
    ],
    [{ source: "aws.ecr", "detail-type": "ECR Pull Through Cache Action" }, "detail-type"],
    [{ action: "reconcile", password: "hunter2" }, 'action "reconcile"'],
  ])("is refused: %j", async (event, found) => {
    const { ecr, handler } = setUp();
    const refusal = handler(event, plenty);
    await expect(refusal).rejects.toThrow(
      `event: found ${found.startsWith("detail") ? "source" : found}`,
    );
    await expect(refusal).rejects.toThrow("allowed: an ECR Pull Through Cache Action");
    await expect(refusal).rejects.not.toThrow("hunter2");
    expect(ecr.calls).toEqual([]);
  });
});
