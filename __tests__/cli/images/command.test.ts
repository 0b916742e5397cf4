import { createHash } from "node:crypto";
import type { BatchGetImageResponse } from "@aws-sdk/client-ecr";
import { formatBytes } from "../../../cli/shell/format";
import { imagesJson } from "../../../cli/images/json";
import { parseJson } from "../../support/contracts";
import { refuseCalls, useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);
beforeEach(() => {
  account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
});

async function pull(repositoryName: string, ...tags: string[]): Promise<void> {
  await account.call("BatchGetImage", {
    repositoryName,
    imageIds: tags.map((imageTag) => ({ imageTag })),
  });
}

async function listed(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(
    ...["images", "--region", "us-east-1", ...argv, "--env", "cache", "--json"],
  );
  expect({ stderr: stderr.startsWith("ecr-cache:"), exitCode }).toEqual({
    stderr: false,
    exitCode: 0,
  });
  return parseJson(imagesJson, stdout);
}

describe("`images`", () => {
  test("`images` lists repository, tags, digest, size, times and the upstream check of an image", async () => {
    await pull("quay/org/app", "1.0", "2.0");
    const { images: [pulled] = [] } = (await account.call("BatchGetImage", {
      repositoryName: "quay/org/app",
      imageIds: [{ imageTag: "2.0" }],
    })) as BatchGetImageResponse;
    const text = pulled?.imageManifest ?? "";
    const { config, layers } = JSON.parse(text) as {
      readonly config: { readonly size: number };
      readonly layers: readonly { readonly size: number }[];
    };
    const found = await listed();
    expect(found.map(({ tags }) => tags).sort()).toEqual([["1.0"], ["2.0"]]);
    const image = found.find(({ tags }) => tags.includes("2.0"))!;
    expect(image).toEqual({
      region: "us-east-1",
      repository: "quay/org/app",
      tags: ["2.0"],
      digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      sizeBytes: [config, ...layers].reduce((sum, { size }) => sum + size, 0),
      pushedAt: expect.any(String) as string,
      lastPulledAt: expect.any(String) as string,
      status: "ACTIVE",
      upstreamCheck: { notBefore: image.pushedAt },
    });
    const now = account.service.clock.now().getTime();
    for (const time of [image.pushedAt, image.lastPulledAt!]) {
      expect(Math.abs(now - Date.parse(time))).toBeLessThan(60_000);
    }
  });

  test("`images` lists an index and its images, which have no tags, pulls or upstream checks", async () => {
    await pull("docker-hub/library/nginx", "1.25");
    const images = await listed();
    expect(
      images
        .map(({ tags, lastPulledAt, upstreamCheck }) => ({
          tags,
          pulled: lastPulledAt !== null,
          checked: upstreamCheck !== null,
        }))
        .sort((a, b) => a.tags.length - b.tags.length),
    ).toEqual([
      { tags: [], pulled: false, checked: false },
      { tags: [], pulled: false, checked: false },
      { tags: ["1.25"], pulled: true, checked: true },
    ]);
  });

  test("`images` omits repositories of other environments and of no rule", async () => {
    await account.call("CreatePullThroughCacheRule", {
      ecrRepositoryPrefix: "quay/team-b",
      upstreamRegistryUrl: "quay.io",
    });
    await pull("quay/team-b/app", "1");
    await pull("quay/team-a/app", "1");
    await account.call("CreateRepository", { repositoryName: "our-own-app" });
    await account.call("CreateRepository", { repositoryName: "quayside/app" });
    expect((await listed()).map(({ repository }) => repository)).toEqual(["quay/team-a/app"]);
  });

  test("`images` prints a table and a total, which adds up its sizes and says what indexes repeat", async () => {
    await pull("docker-hub/library/nginx", "1.25");
    const { stdout, stderr } = await run("images", "--env", "cache", "--region", "us-east-1");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(
      /^REPOSITORY +TAGS +DIGEST +SIZE +PUSHED +LAST PULLED +UPSTREAM CHECK$/,
    );
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => line.includes(" 1.25 "))).toEqual([
      expect.stringMatching(
        /^docker-hub\/library\/nginx +1\.25 +sha256:[0-9a-f]{12} +[\d.]+ MB +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +<= 0m$/,
      ),
    ]);
    expect(
      lines.filter((line) => / - +sha256:/.test(line) && / never +-$/.test(line)),
    ).toHaveLength(2);

    const images = await listed();
    const total = images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const index = images.find(({ mediaType }) => mediaType.includes("index"))!.sizeBytes;
    expect(stderr).toBe(
      `3 images, ${formatBytes(total)} (${formatBytes(index)} of it of indexes), in the cache of environment cache in us-east-1.\n`,
    );
  });

  test("`images --region` lists the images of that region", async () => {
    await pull("quay/org/app", "1");
    expect(await listed("--region", "eu-west-1")).toEqual([]);
  });

  test("`images` says that no image matches if the cache is empty", async () => {
    expect(await run("images", "--env", "cache", "--region", "us-east-1")).toEqual({
      stdout: "",
      stderr:
        "No image matches (of 0 repositories) in the cache of environment cache in us-east-1.\n",
      exitCode: 0,
    });
  });

  test("`images` makes one call per page, and none for repositories that can't match", async () => {
    for (const name of ["a", "b", "c"]) await pull(`quay/org/${name}`, "1");
    await account.call("CreateRepository", { repositoryName: "our-own-app" });
    account.calls.reset();
    await listed("org/b");
    expect(account.calls.list().map(({ action, count }) => [action, count])).toEqual([
      ["GetCallerIdentity", 1],
      ["DescribePullThroughCacheRules", 1],
      ["DescribeRepositories", 1],
      ["DescribeImages", 1],
    ]);
  });

  test("`images` continues if a repository is deleted during the listing", async () => {
    await pull("quay/org/a", "1");
    await pull("quay/org/b", "1");
    const restore = refuseCalls(
      account,
      { __type: "RepositoryNotFoundException", message: "gone" },
      ({ action, text }) => action === "DescribeImages" && text.includes("quay/org/a"),
    );
    const images = await listed();
    restore();
    expect(images.map(({ repository }) => repository)).toEqual(["quay/org/b"]);
  });
});

describe("`images` with a filter", () => {
  beforeEach(async () => {
    await pull("quay/org/app", "1.0", "2.0");
    await pull("quay/org/other", "1.0");
  });

  test.each([
    ["part of a name", ["app"], ["quay/org/app:1.0", "quay/org/app:2.0"]],
    ["a whole name with *", ["quay/*/other"], ["quay/org/other:1.0"]],
    ["* matches the whole name only", ["org/*"], []],
    ["a tag", ["app:2.0"], ["quay/org/app:2.0"]],
    ["a tag with *", ["*:1*"], ["quay/org/app:1.0", "quay/org/other:1.0"]],
    ["nothing", ["nginx"], []],
  ])("`images` filters by %s", async (_, argv, expected) => {
    const images = await listed(...argv, "--sort", "repository");
    expect(images.map(({ repository, tags }) => `${repository}:${tags.join()}`)).toEqual(expected);
  });

  test("`images --tagged` and `images --untagged` filter by tags", async () => {
    await pull("docker-hub/library/nginx", "1");
    expect(await listed("nginx", "--tagged")).toHaveLength(1);
    expect(await listed("nginx", "--untagged")).toHaveLength(2);
  });

  test("`images --stale` counts from the last pull, or from when an image was stored", async () => {
    account.service.advanceClock(-40 * 24 * 3_600_000);
    await pull("docker-hub/library/old", "1");
    await pull("docker-hub/library/used", "1");
    account.service.advanceClock(40 * 24 * 3_600_000);
    await pull("docker-hub/library/used", "1");
    const names = async (...argv: string[]) =>
      (await listed("docker-hub", "--tagged", ...argv)).map(({ repository }) => repository);
    expect(await names()).toHaveLength(2);
    expect(await names("--stale", "30")).toEqual(["docker-hub/library/old"]);
    expect(await names("--stale", "41")).toEqual([]);
  });
});

describe("`images --sort`", () => {
  beforeEach(async () => {
    for (const [days, name] of [
      [30, "b"],
      [20, "a"],
      [10, "c"],
    ] as const) {
      account.service.advanceClock(-days * 24 * 3_600_000);
      await pull(`quay/org/${name}`, "1");
      account.service.advanceClock(days * 24 * 3_600_000);
    }
  });

  const order = async (...argv: string[]) =>
    (await listed(...argv)).map(({ repository }) => repository.slice(-1)).join("");

  test("`images --sort` sorts by repository, pushed and pulled, and --reverse reverses it", async () => {
    expect(await order("--sort", "repository")).toBe("abc");
    expect(await order("--sort", "repository", "--reverse")).toBe("cba");
    expect(await order("--sort", "pushed")).toBe("cab");
    expect(await order("--sort", "pulled")).toBe("bac");
    expect(await order("--sort", "pulled", "--limit", "2")).toBe("ba");
  });

  test("`images --sort size` lists the largest first", async () => {
    const sizes = (await listed("--sort", "size")).map(({ sizeBytes }) => sizeBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(await listed("--sort", "size", "--limit", "1")).toEqual(
      (await listed("--sort", "size")).slice(0, 1),
    );
  });

  test("`images --limit` without --sort prints the first images", async () => {
    const { stdout, stderr } = await run(
      ...["images", "--env", "cache", "--region", "us-east-1", "--limit", "1"],
    );
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(stderr).toMatch(
      /^The first 1 image that ECR lists, [\d.]+ MB, in the cache of environment cache in us-east-1\.\n$/,
    );
  });
});

test.each([
  [["a b"], /^ecr-cache: PATTERN: found "a b"; allowed: part of a repository's name.*\n$/],
  [
    ["--stale", "x"],
    /^ecr-cache: option '--stale <days>' argument 'x' is invalid\. allowed: a whole number from 1\n$/,
  ],
  [
    ["--sort", "colour"],
    /^ecr-cache: option '--sort <order>' argument 'colour' is invalid\. Allowed choices are repository, size, pushed, pulled\.\n$/,
  ],
  [["--reverse"], /^ecr-cache: --reverse needs --sort, whose order it reverses\n$/],
  [
    ["--tagged", "--untagged"],
    /^ecr-cache: option '--tagged' cannot be used with option '--untagged'\n$/,
  ],
  [
    ["--region", "us-west-2"],
    /^ecr-cache: --region: found "us-west-2"; allowed: us-east-1, eu-west-1.*\n$/,
  ],
])("`images` reports wrong use in one line, with exit code 2: %j", async (argv, message) => {
  const { stdout, stderr, exitCode } = await run("images", ...argv, "--env", "cache");
  expect(stderr).toMatch(message);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});

test("`images` retries throttled calls", async () => {
  for (let number = 0; number < 30; number += 1) await pull(`quay/org/app-${number}`, "1");
  account.faults.add({ kind: "throttle", action: "DescribeImages", times: 40 });
  expect(await listed()).toHaveLength(30);
}, 60_000);

test("`images` names a missing permission in one line", async () => {
  account.faults.add({ kind: "deny", action: "DescribeRepositories" });
  const { stdout, stderr, exitCode } = await run(
    ...["images", "--env", "cache", "--region", "us-east-1"],
  );
  expect(stderr).toMatch(/^ecr-cache: AWS: .*lacks the permission ecr:DescribeRepositories.*\n$/);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});

test("the help of `images` explains the columns that are not plain", async () => {
  const { stdout } = await run("images", "--help");
  for (const column of ["PUSHED is ", "LAST PULLED is ", "UPSTREAM CHECK is ", "The SIZE of "]) {
    expect(stdout.replace(/\s+/g, " ")).toContain(column);
  }
});
