import {
  BatchGetImageCommand,
  CreatePullThroughCacheRuleCommand,
  CreateRepositoryCommand,
  CreateRepositoryCreationTemplateCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  ListTagsForResourceCommand,
  PutLifecyclePolicyCommand,
  UpdateRepositoryCreationTemplateCommand,
} from "@aws-sdk/client-ecr";
import { unzipSync } from "fflate";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatLifecyclePolicy, lifecyclePolicy } from "../../ecr/lifecycle-policy";
import { bundleLambda } from "../../reconcile/lambda/bundle";
import { RECONCILE_ALL } from "../../reconcile/lambda/events";
import { mapAll } from "../../registry/aws/map-concurrently";
import { findMoto } from "../../sandbox/moto";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { requireOrSkip } from "../support/require-or-skip";

/*
 * The maintenance function as it is deployed, out of its zip file and in a process of its own, on the sandbox.
 */

const ACCOUNT = "123456789012";
const policy = (keepImages: number) => formatLifecyclePolicy(lifecyclePolicy({ keepImages }));
const TEMPLATE = policy(10);
const HAND_MADE = policy(99);
/** The template's policy as somebody else would write it. */
const REWRITTEN = JSON.stringify(JSON.parse(TEMPLATE), undefined, 2);

type Kind = "right" | "without" | "hand-made" | "foreign";

/** 2,000 repositories of four kinds, mixed. */
const REPOSITORIES = Array.from({ length: 2_000 }, (_, index) => {
  const kind = (["right", "without", "hand-made", "foreign"] as const)[index % 4]!;
  return { name: `${kind === "foreign" ? "application" : "quay"}/${index}-${kind}`, kind };
});
const namesOf = (...kinds: readonly Kind[]) =>
  REPOSITORIES.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);

const OWNED = namesOf("right", "without", "hand-made");
const UNTOUCHED = namesOf("hand-made", "foreign");

requireOrSkip(findMoto(), "reconciling 2,000 repositories on the sandbox", () => {
  jest.setTimeout(300_000);

  let sandbox: Sandbox;
  let ecr: ECRClient;
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-reconcile-"));
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    writeFileSync(
      join(directory, "index.js"),
      unzipSync(readFileSync(bundleLambda().path))["index.js"]!,
    );
    sandbox = await startSandbox({ account: ACCOUNT });
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = sandbox.env;
    ecr = new ECRClient({
      endpoint: sandbox.url,
      region: "us-east-1",
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    });
  });

  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    ecr.destroy();
    await sandbox.stop();
    rmSync(directory, { recursive: true });
  });

  afterEach(() => sandbox.faults.clear());

  const each = (names: readonly string[], work: (name: string) => Promise<unknown>) =>
    mapAll(names, 20, work);

  /** Starts an invocation of the function in a process of its own. */
  function startInvocation(event: unknown) {
    const child = spawn(
      process.execPath,
      [
        "-e",
        `const { handler } = require("./index.js");
         handler(JSON.parse(process.argv[1]), {
           getRemainingTimeInMillis: () => 900000,
           invokedFunctionArn: process.argv[2],
         })
           .catch((error) => { console.error(error); process.exitCode = 1; });`,
        JSON.stringify(event),
        `arn:aws:lambda:us-east-1:${ACCOUNT}:function:ecr-cache-prod-reconcile`,
      ],
      {
        cwd: directory,
        env: {
          ...sandbox.env,
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
          AWS_LAMBDA_FUNCTION_NAME: "ecr-cache-prod-reconcile",
          ENVIRONMENT: "prod",
          PREFIXES: "quay",
          EXISTING_POLICIES: "keep",
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    children.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
      child.on("close", (code) => {
        children.delete(child);
        resolve({ code, output });
      });
    });
    return { child, ended };
  }

  /** The counts that a run logs at its end. */
  async function invoke(event: unknown): Promise<Record<string, unknown>> {
    const { code, output } = await startInvocation(event).ended;
    if (code !== 0) throw new Error(output);
    const line = output.split("\n").find((text) => text.includes('"run completed"')) ?? "{}";
    const { examined, changed, kept, failed, foreign } = JSON.parse(line) as Record<
      string,
      unknown
    >;
    return { examined, changed, kept, failed, foreign };
  }

  async function lifecyclePolicyOf(repositoryName: string): Promise<string | undefined> {
    try {
      const answer = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
      return answer.lifecyclePolicyText;
    } catch (error) {
      if ((error as Error).name === "LifecyclePolicyNotFoundException") return undefined;
      throw error;
    }
  }

  /** All that can be changed about some repositories, by name. */
  async function dump(names: readonly string[]): Promise<Map<string, string>> {
    const state = new Map<string, string>();
    await each(names, async (name) => {
      const { repositories } = await ecr.send(
        new DescribeRepositoriesCommand({ repositoryNames: [name] }),
      );
      const { tags } = await ecr.send(
        new ListTagsForResourceCommand({ resourceArn: repositories?.[0]?.repositoryArn }),
      );
      state.set(name, JSON.stringify([repositories, tags, await lifecyclePolicyOf(name)]));
    });
    return state;
  }

  async function addTemplateAndRule(): Promise<void> {
    await ecr.send(
      new CreateRepositoryCreationTemplateCommand({
        prefix: "quay",
        appliedFor: ["PULL_THROUGH_CACHE"],
        lifecyclePolicy: TEMPLATE,
      }),
    );
    await ecr.send(
      new CreatePullThroughCacheRuleCommand({
        ecrRepositoryPrefix: "quay",
        upstreamRegistryUrl: "quay.io",
      }),
    );
  }

  describe("2,000 repositories made before the template", () => {
    let before: Map<string, string>;

    beforeAll(async () => {
      await sandbox.reset();
      await each(
        REPOSITORIES.map(({ name }) => name),
        async (repositoryName) => {
          await ecr.send(new CreateRepositoryCommand({ repositoryName }));
        },
      );
      const set = (lifecyclePolicyText: string) => (repositoryName: string) =>
        ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
      await each(namesOf("right"), set(REWRITTEN));
      await each(namesOf("hand-made"), set(HAND_MADE));
      await addTemplateAndRule();
      before = await dump(UNTOUCHED);
    });

    test("survive that the function is killed halfway: nothing is lost, nothing is wrong", async () => {
      const { child, ended } = startInvocation({ action: RECONCILE_ALL });
      const watch = setInterval(() => {
        if (sandbox.calls.count({ action: "TagResource" }) >= 300) child.kill("SIGKILL");
      }, 5);
      const { code } = await ended;
      clearInterval(watch);
      expect(code).toBeNull();

      const policies = await Promise.all(namesOf("without").map(lifecyclePolicyOf));
      const done = policies.filter((text) => text === TEMPLATE).length;
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThan(policies.length);
      expect(policies.filter((text) => text !== undefined && text !== TEMPLATE)).toEqual([]);
    });

    test("all follow after one run, though ECR throttles it", async () => {
      for (const action of [
        "DescribeRepositories",
        "GetLifecyclePolicy",
        "ListTagsForResource",
        "PutLifecyclePolicy",
        "TagResource",
      ]) {
        sandbox.faults.add({ kind: "throttle", service: "ecr", action, times: 5 });
      }
      // One call may get all of its action's faults, and must have an attempt left.
      sandbox.faults.add({ kind: "cut-answer", action: "PutLifecyclePolicy", times: 2 });

      const counts = await invoke({ action: RECONCILE_ALL });

      expect(sandbox.faults.list()).toEqual([]);
      expect(counts).toMatchObject({ examined: 1_500, kept: 500, failed: 0, foreign: 500 });
      const policies = new Map<string, string | undefined>();
      await each(OWNED, async (name) => policies.set(name, await lifecyclePolicyOf(name)));
      const wrong = (kind: Kind, expected: string) =>
        namesOf(kind).filter((name) => policies.get(name) !== expected);
      expect(wrong("without", TEMPLATE)).toEqual([]);
      // It means the same, so it stays as it is written.
      expect(wrong("right", REWRITTEN)).toEqual([]);
      expect(wrong("hand-made", HAND_MADE)).toEqual([]);
    });

    test("are byte for byte the same where they were made by hand or are somebody else's", async () => {
      const after = await dump(UNTOUCHED);
      expect(UNTOUCHED.filter((name) => after.get(name) !== before.get(name))).toEqual([]);
    });

    test("are changed no more by a second run, which reads two pages and two things of each, or three where nothing vouches for the third", async () => {
      sandbox.calls.reset();

      const counts = await invoke({ action: RECONCILE_ALL });

      expect(counts).toEqual({ examined: 1_500, changed: 0, kept: 500, failed: 0, foreign: 500 });
      expect(sandbox.calls.list()).toHaveLength(6);
      const count = (action: string) => sandbox.calls.count({ service: "ecr", action });
      expect({
        DescribeRepositoryCreationTemplates: count("DescribeRepositoryCreationTemplates"),
        DescribePullThroughCacheRules: count("DescribePullThroughCacheRules"),
        DescribeRepositories: count("DescribeRepositories"),
        ListTagsForResource: count("ListTagsForResource"),
        GetLifecyclePolicy: count("GetLifecyclePolicy"),
        GetRepositoryPolicy: count("GetRepositoryPolicy"),
      }).toEqual({
        DescribeRepositoryCreationTemplates: 1,
        DescribePullThroughCacheRules: 1,
        DescribeRepositories: 2,
        ListTagsForResource: 1_500,
        GetLifecyclePolicy: 1_500,
        // Those whose lifecycle policy was made by hand have no marker.
        GetRepositoryPolicy: 500,
      });
    });

    test("follow the next version of the template, but for those that were made by hand", async () => {
      await ecr.send(
        new UpdateRepositoryCreationTemplateCommand({ prefix: "quay", lifecyclePolicy: policy(5) }),
      );
      expect(await invoke({ action: RECONCILE_ALL })).toMatchObject({ changed: 1_000, kept: 500 });
      expect(await lifecyclePolicyOf(namesOf("without")[0]!)).toBe(policy(5));
      expect(await lifecyclePolicyOf(namesOf("right")[0]!)).toBe(policy(5));
      expect(await lifecyclePolicyOf(namesOf("hand-made")[0]!)).toBe(HAND_MADE);
    });
  });

  describe("the event of a pull", () => {
    const repositoryName = "quay/prometheus/node-exporter";
    const event = {
      source: "aws.ecr",
      "detail-type": "ECR Pull Through Cache Action",
      account: ACCOUNT,
      detail: { "sync-status": "SUCCESS", "repository-name": repositoryName },
    };
    const pull = () =>
      ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: "latest" }] }));

    beforeEach(async () => {
      await sandbox.reset();
    });

    test("makes the function act on a repository that was there before the template", async () => {
      await ecr.send(new CreateRepositoryCommand({ repositoryName }));
      await ecr.send(new CreateRepositoryCommand({ repositoryName: "quay/other" }));
      await addTemplateAndRule();
      await pull();
      expect(await lifecyclePolicyOf(repositoryName)).toBeUndefined();

      await invoke(event);

      expect(await lifecyclePolicyOf(repositoryName)).toBe(TEMPLATE);
      expect(await lifecyclePolicyOf("quay/other")).toBeUndefined();
    });

    test("marks a repository that the template created and whose policy it has, so that it follows later", async () => {
      await addTemplateAndRule();
      await pull();
      expect(await lifecyclePolicyOf(repositoryName)).toBe(TEMPLATE);
      await invoke(event);
      await ecr.send(
        new UpdateRepositoryCreationTemplateCommand({ prefix: "quay", lifecyclePolicy: policy(3) }),
      );

      await invoke({ action: RECONCILE_ALL });

      expect(await lifecyclePolicyOf(repositoryName)).toBe(policy(3));
    });
  });
});
