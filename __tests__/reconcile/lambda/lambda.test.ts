import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type * as Lambda from "../../../reconcile/lambda/lambda";
import { RECONCILE_ALL } from "../../../reconcile/lambda/events";
import { pullThroughCacheEvent } from "../../support/lambda-fakes";

/*
 * The functions as Lambda runs them, with the real SDK clients and Powertools, before a server that stands for AWS.
 */

const POLICY = '{"rules":[]}';

interface Request {
  /** ECR's action, or method and path. */
  readonly what: string;
  readonly body: string;
}

const requests: Request[] = [];
let throttled = 0;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const ecrAnswers: Record<string, unknown> = {
  DescribeRepositoryCreationTemplates: {
    repositoryCreationTemplates: [
      {
        prefix: "docker-hub",
        appliedFor: ["PULL_THROUGH_CACHE"],
        imageTagMutability: "MUTABLE",
        lifecyclePolicy: POLICY,
        repositoryPolicy: '{"Statement":[]}',
      },
    ],
  },
  DescribePullThroughCacheRules: { pullThroughCacheRules: [] },
  DescribeRepositories: {
    repositories: [
      {
        repositoryName: "docker-hub/a",
        repositoryArn: "arn:aws:ecr:us-east-1:111111111111:repository/docker-hub/a",
        imageTagMutability: "IMMUTABLE",
      },
    ],
  },
  ListTagsForResource: { tags: [] },
};

const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const target = request.headers["x-amz-target"] as string | undefined;
    const action = target?.split(".")[1];
    requests.push({ what: action ?? `${request.method} ${request.url}`, body });
    if (!action) {
      response.writeHead(request.url?.includes("/invocations") ? 202 : 200);
      response.end(
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
      );
      return;
    }
    const refuse = (name: string) => {
      response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify({ __type: name, message: name }));
    };
    if (throttled > 0) {
      throttled -= 1;
      refuse("ThrottlingException");
    } else if (action === "GetLifecyclePolicy") refuse("LifecyclePolicyNotFoundException");
    else if (action === "GetRepositoryPolicy") refuse("RepositoryPolicyNotFoundException");
    else {
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(ecrAnswers[action] ?? {}));
    }
  });
});

const context = {
  getRemainingTimeInMillis: () => 900_000,
  invokedFunctionArn: "arn:aws:lambda:us-east-1:111111111111:function:ecr-cache-prod-reconcile",
};
const originalVariables = { ...process.env };
const printed: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  requests.length = 0;
  printed.length = 0;
  throttled = 0;
  process.env = {
    ...originalVariables,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_LAMBDA_FUNCTION_NAME: "ecr-cache-prod-reconcile",
    // Powertools prints with the console, where a test can see it.
    POWERTOOLS_DEV: "true",
    POWERTOOLS_METRICS_DISABLED: "false",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    ENVIRONMENT: "prod",
    PREFIXES: "docker-hub,quay",
    EXISTING_POLICIES: "keep",
    TOPIC_ARN: "arn:aws:sns:us-east-1:111111111111:alerts",
  };
  for (const method of ["log", "info", "warn", "error"] as const) {
    jest.spyOn(console, method).mockImplementation((...texts: unknown[]) => {
      printed.push(String(texts[0]));
    });
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...originalVariables };
});

/** The functions of a new instance. */
function instance(): typeof Lambda {
  let functions: typeof Lambda | undefined;
  jest.isolateModules(() => {
    functions = jest.requireActual("../../../reconcile/lambda/lambda");
  });
  return functions!;
}

describe("handler", () => {
  test("does what the event of a pull asks for, by ECR's API", async () => {
    await instance().handler(pullThroughCacheEvent({ "repository-name": "docker-hub/a" }), context);

    const [first, second, ...rest] = requests.map(({ what }) => what);
    expect([first, second].sort()).toEqual([
      "DescribePullThroughCacheRules",
      "DescribeRepositoryCreationTemplates",
    ]);
    expect(rest).toEqual([
      "DescribeRepositories",
      "ListTagsForResource",
      "GetLifecyclePolicy",
      "GetRepositoryPolicy",
      "PutLifecyclePolicy",
      "SetRepositoryPolicy",
      "PutImageTagMutability",
      "TagResource",
    ]);
    expect(JSON.parse(requests.find(({ what }) => what === "PutLifecyclePolicy")!.body)).toEqual({
      repositoryName: "docker-hub/a",
      lifecyclePolicyText: POLICY,
    });
  });

  test("logs structured lines and sends metrics, with the environment", async () => {
    await instance().handler({ action: RECONCILE_ALL }, context);
    const lines = printed.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "INFO",
        message: "run completed",
        service: "ecr-cache-maintenance",
        environment: "prod",
        changed: 1,
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        service: "ecr-cache-maintenance",
        environment: "prod",
        RepositoriesExamined: 1,
        RepositoriesChanged: 1,
        _aws: expect.objectContaining({
          CloudWatchMetrics: [
            expect.objectContaining({
              Namespace: "EcrPullThroughCache",
              Dimensions: [["service", "environment"]],
            }),
          ],
        }) as unknown,
      }),
    );
  });

  test("waits and tries again when ECR throttles it", async () => {
    throttled = 3;
    await instance().handler({ action: RECONCILE_ALL }, context);
    expect(requests.map(({ what }) => what)).toContain("PutLifecyclePolicy");
  });

  test("invokes itself to go on, without waiting for that", async () => {
    const times = [70_000, 50_000];
    ecrAnswers.DescribeRepositories = {
      repositories: ["a", "b"].map((name) => ({
        repositoryName: `docker-hub/${name}`,
        repositoryArn: `arn:aws:ecr:us-east-1:111111111111:repository/docker-hub/${name}`,
      })),
    };
    await instance().handler(
      { action: RECONCILE_ALL },
      { ...context, getRemainingTimeInMillis: () => times.shift() ?? 50_000 },
    );
    const { what, body } = requests.at(-1)!;
    expect(what).toBe("POST /2015-03-31/functions/ecr-cache-prod-reconcile/invocations");
    expect(JSON.parse(body)).toEqual({
      action: RECONCILE_ALL,
      cursor: { after: "docker-hub/a" },
      invocation: 2,
      totals: { examined: 1, changed: 1, kept: 0, failed: 0, foreign: 0 },
    });
  });

  test.each([
    ["PREFIXES", "", "found nothing; allowed: a string"],
    ["ENVIRONMENT", "", "found nothing; allowed: a string"],
    ["EXISTING_POLICIES", "merge", "found merge; allowed: keep, replace"],
  ])("says so if the stack gives it no sound %s", async (name, value, problem) => {
    process.env[name] = value;
    await expect(instance().handler({ action: RECONCILE_ALL }, context)).rejects.toThrow(
      `environment variable ${name}: ${problem}`,
    );
    expect(requests).toEqual([]);
  });
});

describe("notify", () => {
  test("publishes the message to the topic", async () => {
    await instance().notify(
      pullThroughCacheEvent({ "sync-status": "FAILED", "failure-code": "AccessDenied" }),
      context,
    );
    expect(requests).toHaveLength(1);
    const fields = new URLSearchParams(requests[0]!.body);
    expect(Object.fromEntries(fields)).toMatchObject({
      Action: "Publish",
      TopicArn: "arn:aws:sns:us-east-1:111111111111:alerts",
      Subject: "ECR cache prod: access denied: docker-hub/library/nginx:1.27",
    });
    expect(fields.get("Message")).toContain("Rotate the credential");
    expect(printed.map((text) => JSON.parse(text) as object)).toContainEqual(
      expect.objectContaining({ environment: "prod", prefix: "docker-hub", FailedSyncs: 1 }),
    );
  });

  test("says so if the stack gives it no topic", async () => {
    process.env.TOPIC_ARN = "";
    await expect(
      instance().notify(pullThroughCacheEvent({ "sync-status": "FAILED" }), context),
    ).rejects.toThrow("environment variable TOPIC_ARN: found nothing; allowed: a string");
  });
});

describe("an event of another account", () => {
  const foreign = (status: string) => ({
    ...pullThroughCacheEvent({ "sync-status": status }),
    account: "222222222222",
  });

  test.each([
    ["handler", "SUCCESS"],
    ["notify", "FAILED"],
  ] as const)(
    "an event of another account is ignored by `%s`, and logged",
    async (name, status) => {
      await instance()[name](foreign(status), context);

      expect(requests).toEqual([]);
      expect(printed.map((text) => JSON.parse(text) as object)).toContainEqual(
        expect.objectContaining({
          message: "event of another account ignored",
          account: "222222222222",
        }),
      );
    },
  );
});
