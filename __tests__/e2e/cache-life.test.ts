import { CreateRepositoryCommand, PutLifecyclePolicyCommand } from "@aws-sdk/client-ecr";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonContract, JsonOf } from "../../cli/shell/json-contract";
import { costJson } from "../../cli/cost/json";
import { imagesJson } from "../../cli/images/json";
import { lifecycleJson, applyJson } from "../../cli/lifecycle/json";
import { purgeJson } from "../../cli/purge/json";
import { refreshJson } from "../../cli/refresh/json";
import { warmJson } from "../../cli/warm/json";
import { parseJson } from "../support/contracts";
import { findMoto } from "../../sandbox/moto";
import { requireOrSkip } from "../support/require-or-skip";
import { type InventoryCache, startInventoryCache } from "../support/sandbox-cache";

/*
 * The life of a cache as an operator sees it: filled, looked at, renewed, trimmed, paid for, and cleared away.
 */

requireOrSkip(findMoto(), "the inventory's commands on the sandbox", () => {
  jest.setTimeout(120_000);
  let cache: InventoryCache;
  let folder: string;
  let how: "run" | "runProgram" = "run";

  beforeAll(async () => {
    cache = await startInventoryCache();
    folder = mkdtempSync(join(tmpdir(), "inventory-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await cache.stop();
  });
  beforeEach(() => cache.deploy());
  afterEach(async () => {
    how = "run";
    await cache.reset();
  });

  /** Runs a command for its JSON; its exit code is the one that is expected. */
  async function json<Contract extends JsonContract>(
    contract: Contract,
    exitCode: number,
    command: string,
    ...argv: string[]
  ): Promise<JsonOf<Contract>> {
    const run = await cache[how](command, ...argv, "--json");
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({
      exitCode,
      stderr: expect.any(String) as string,
    });
    return parseJson(contract, run.stdout);
  }

  test("from the first pull to the last repository, with the program itself", async () => {
    how = "runProgram";
    const warmed = await json(
      warmJson,
      0,
      "warm",
      ...["quay.io/prometheus/prometheus:v2", "public.ecr.aws/docker/library/nginx:1.25"],
      ...["registry.k8s.io/pause:3.9", "--platform", "linux/arm64"],
    );
    expect(warmed.map(({ status }) => status)).toEqual(["cached", "cached", "cached"]);

    const listed = await json(imagesJson, 0, "images", "--tagged", "--sort", "repository");
    expect(listed.map(({ repository, tags }) => `${repository}:${tags.join()}`)).toEqual([
      "ecr-public/docker/library/nginx:1.25",
      "kubernetes/pause:3.9",
      "quay/prometheus/prometheus:v2",
    ]);

    // The upstream publishes anew; ECR would look in 24 hours.
    cache.publish("quay.io/prometheus/prometheus:v2", { revision: "2" });
    const [dry] = await json(
      refreshJson,
      0,
      "refresh",
      "quay.io/prometheus/prometheus:v2",
      "--dry-run",
    );
    const [renewed] = await json(refreshJson, 0, "refresh", "quay.io/prometheus/prometheus:v2");
    expect(renewed).toMatchObject({
      status: "renewed",
      oldDigest: warmed[0]!.digest,
      newDigest: dry!.newDigest,
      message: null,
    });
    const [again] = await json(imagesJson, 0, "images", "prometheus:v2");
    expect(again!.digest).toBe(renewed!.newDigest);

    expect(await json(lifecycleJson, 0, "lifecycle")).toEqual([]);
    const cost = await json(costJson, 0, "cost");
    expect(cost.total).toMatchObject({ repositories: 3, images: 12 });

    const refused = await cache.run("purge", "--yes", "--confirm", "dev");
    expect(refused).toMatchObject({ stdout: "", exitCode: 2 });
    await cache.destroy();
    const left = await json(purgeJson, 0, "purge");
    expect(left).toMatchObject({
      rules: [],
      repositories: [{ status: "found" }, { status: "found" }, { status: "found" }],
    });
    const purged = await json(purgeJson, 0, "purge", "--yes", "--confirm", "dev");
    expect(purged.repositories.map(({ status }) => status)).toEqual([
      "deleted",
      "deleted",
      "deleted",
    ]);
    expect(await json(imagesJson, 0, "images")).toEqual([]);
  });

  test("repositories that are older than their template are found, previewed and put in order", async () => {
    cache.sandbox.upstream.set("quay.io", { platforms: ["linux/amd64"] });
    await cache.ecr.send(new CreateRepositoryCommand({ repositoryName: "quay/org/app" }));
    const tags = Array.from({ length: 12 }, (_, number) => `quay.io/org/app:1.${number}`);
    await json(warmJson, 0, "warm", ...tags);
    await cache.ecr.send(new CreateRepositoryCommand({ repositoryName: "quay/org/own" }));
    await cache.ecr.send(
      new PutLifecyclePolicyCommand({
        repositoryName: "quay/org/own",
        lifecyclePolicyText: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: "by hand",
              selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 99 },
              action: { type: "expire" },
            },
          ],
        }),
      }),
    );

    const found = await json(lifecycleJson, 1, "lifecycle", "--preview");
    expect(found).toMatchObject([
      { repository: "quay/org/app", state: "missing", preview: { expire: { images: 2 } } },
      { repository: "quay/org/own", state: "different", action: "keep" },
    ]);
    const estimate = await json(costJson, 0, "cost");
    expect(estimate.lifecycle.images).toEqual({ atLeast: 2, atMost: 2 });
    expect(estimate.lifecycle.bytes.atMost).toBe(
      (found[0]!.preview as { expire: { bytes: number } }).expire.bytes,
    );

    const applied = await json(applyJson, 1, "lifecycle", "--apply");
    expect(applied.find(({ repository }) => repository === "quay/org/app")!.changes).toContainEqual(
      {
        aspect: "lifecycle policy",
        reason: "set: it had none",
      },
    );
    expect(await json(lifecycleJson, 1, "lifecycle")).toMatchObject([
      { repository: "quay/org/own" },
    ]);

    // A day later the policy has done what was foretold.
    cache.sandbox.clock.advance(25);
    expect(await cache.images("quay/org/app")).toHaveLength(10);
  });

  test("the page is written, and the tables are tables", async () => {
    await json(warmJson, 0, "warm", "registry.k8s.io/pause:3.9");
    const file = join(folder, "cost.html");
    const cost = await cache.run("cost", "--html", file);
    expect(cost).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cost.stdout).toMatch(/^Environment dev in us-east-1: /);
    expect(readFileSync(file, "utf8")).toContain("kubernetes/pause");
    for (const [command, heading] of [
      ["images", /^REPOSITORY +TAGS +DIGEST/],
      ["purge", /^REPOSITORY +CREATED +STATUS/],
    ] as const) {
      expect((await cache.run(command)).stdout).toMatch(heading);
    }
  });

  describe.each(["throttle", "cut", "cut-answer"] as const)("%s of every call", (kind) => {
    test("is sat out by images, cost, lifecycle and purge", async () => {
      await json(warmJson, 0, "warm", "registry.k8s.io/pause:3.9");
      for (const [command, schema] of [
        ["images", imagesJson],
        ["cost", costJson],
        ["lifecycle", lifecycleJson],
        ["purge", purgeJson],
      ] as const) {
        for (const action of ["DescribeRepositories", "DescribeImages", "GetLifecyclePolicy"]) {
          cache.sandbox.faults.add({ kind, action, service: "ecr" });
        }
        await json(schema, 0, command);
        cache.sandbox.faults.clear();
      }
    });
  });

  describe("a missing permission is one line that names it, and exit code 2:", () => {
    test.each([
      ["images", "DescribeRepositories"],
      ["images", "DescribeImages"],
      ["cost", "DescribeImages"],
      ["lifecycle", "GetLifecyclePolicy"],
      ["lifecycle", "DescribeRepositoryCreationTemplates"],
      ["purge", "DescribePullThroughCacheRules"],
    ])("%s without ecr:%s", async (command, action) => {
      await json(warmJson, 0, "warm", "registry.k8s.io/pause:3.9");
      cache.sandbox.faults.add({ kind: "deny", action, service: "ecr", times: 50 });
      const { stdout, stderr, exitCode } = await cache.run(command);
      expect(stderr).toMatch(
        new RegExp(`^ecr-cache: AWS: .*lacks the permission ecr:${action}.*\\n$`),
      );
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    });
  });
});
