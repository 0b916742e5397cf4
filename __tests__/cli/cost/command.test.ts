import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { costJson } from "../../../cli/cost/json";
import { parseJson } from "../../support/contracts";
import { useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cost-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function pull(repositoryName: string, ...tags: string[]): Promise<void> {
  for (const imageTag of tags) {
    await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });
  }
}

/** What ECR lists of a repository, to be added up by hand. */
async function sizes(repositoryName: string): Promise<number> {
  const { imageDetails } = (await account.call("DescribeImages", {
    repositoryName,
    maxResults: 1000,
  })) as unknown as {
    imageDetails: { imageSizeInBytes: number; imageManifestMediaType: string }[];
  };
  return imageDetails
    .filter(({ imageManifestMediaType }) => !imageManifestMediaType.includes("index"))
    .reduce((sum, { imageSizeInBytes }) => sum + imageSizeInBytes, 0);
}

async function makeCache(): Promise<void> {
  account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
  account.service.advanceClock(-100 * 24 * 3_600_000);
  await pull("quay/org/app", "1");
  account.service.advanceClock(100 * 24 * 3_600_000);
  await pull("quay/org/app", "2");
  await pull("docker-hub/library/nginx", "1.25", "1.26");
  await account.call("CreateRepository", { repositoryName: "our-own-app" });
}

async function cost(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(
    ...["cost", "--env", "cache", "--region", "us-east-1", ...argv, "--json"],
  );
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return parseJson(costJson, stdout);
}

test("`cost` reports storage by upstream, repository and age, each with its price", async () => {
  await makeCache();
  const report = await cost();
  const [nginx, app] = [await sizes("docker-hub/library/nginx"), await sizes("quay/org/app")];
  const usd = (bytes: number) => (bytes / 1e9) * 0.1;
  expect(report.total).toEqual({
    repositories: 2,
    images: 8,
    bytes: nginx + app,
    usdPerMonth: expect.closeTo(usd(nginx + app)) as number,
  });
  expect(
    report.upstreams.map(({ prefix, repositories, images, bytes }) => ({
      prefix,
      repositories,
      images,
      bytes,
    })),
  ).toEqual([
    { prefix: "docker-hub", repositories: 1, images: 6, bytes: nginx },
    { prefix: "quay", repositories: 1, images: 2, bytes: app },
    { prefix: "ecr-public", repositories: 0, images: 0, bytes: 0 },
  ]);
  expect(report.repositories.map(({ repository }) => repository)).toEqual(
    nginx > app
      ? ["docker-hub/library/nginx", "quay/org/app"]
      : ["quay/org/app", "docker-hub/library/nginx"],
  );
  expect(report.ages.map(({ fromDays, images }) => [fromDays, images])).toEqual([
    [0, 7],
    [7, 0],
    [30, 0],
    [90, 1],
    [180, 0],
    [365, 0],
  ]);
  expect(report.prices).toEqual([
    expect.objectContaining({ region: "us-east-1", usdPerGbMonth: 0.1, isAssumed: false }),
  ]);
  expect(report.sharedLayers).toBe("counted-for-each-image");
  expect(report.dockerHub).toMatchObject([{ tags: 2, pulledLastDay: 2, pulls: null }]);
});

test("`cost` makes only the calls that list the images", async () => {
  await makeCache();
  account.calls.reset();
  await cost();
  expect(account.calls.list().map(({ action, count }) => [action, count])).toEqual([
    ["GetCallerIdentity", 1],
    ["DescribePullThroughCacheRules", 1],
    ["DescribeRepositories", 1],
    ["DescribeImages", 2],
  ]);
});

test("`cost --layers` counts layers that images of a repository share once", async () => {
  const layer = (digest: string, size: number) => ({ mediaType: "layer", digest, size });
  await account.call("CreateRepository", { repositoryName: "quay/org/app" });
  for (const [imageTag, own] of [
    ["1", 10],
    ["2", 20],
  ] as const) {
    await account.call("PutImage", {
      repositoryName: "quay/org/app",
      imageTag,
      imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
      imageManifest: JSON.stringify({
        schemaVersion: 2,
        config: layer(`config ${imageTag}`, 1),
        layers: [layer("shared", 1_000), layer(`own ${imageTag}`, own)],
      }),
    });
  }
  expect((await cost()).total.bytes).toBe(2_032);
  account.calls.reset();
  const report = await cost("--layers");
  expect(report.total.bytes).toBe(1_032);
  expect(report.sharedLayers).toBe("counted-once");
  expect(account.calls.count({ action: "BatchGetImage" })).toBe(1);
});

test("`cost --price` uses that price", async () => {
  await makeCache();
  const report = await cost("--price", "0.25");
  expect(report.prices).toEqual([
    {
      region: "us-east-1",
      usdPerGbMonth: 0.25,
      source: "--price",
      asOf: null,
      isAssumed: false,
    },
  ]);
  expect(report.total.usdPerMonth).toBeCloseTo((report.total.bytes / 1e9) * 0.25);
});

test("`cost` prints tables, the estimate, Docker Hub's limits and the assumptions", async () => {
  await makeCache();
  const { stdout, stderr, exitCode } = await run(
    ...["cost", "--env", "cache", "--region", "us-east-1", "--top", "1"],
  );
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const paragraphs = stdout.split("\n\n");
  expect(paragraphs[0]).toMatch(
    /^Environment cache in us-east-1: [\d.]+ MB, (< )?\$0\.0\d a month, for 8 images in 2 repositories\.$/,
  );
  expect(paragraphs[1]).toMatch(
    /^UPSTREAM +PREFIX +REPOSITORIES +IMAGES +SIZE +USD\/MONTH\ndocker-hub +docker-hub +1 +6 /,
  );
  expect(paragraphs[2]).toMatch(/^AGE +IMAGES +SIZE +USD\/MONTH\nunder 7 days +7 /);
  expect(paragraphs[3]).toMatch(
    /^REPOSITORY +IMAGES +SIZE +USD\/MONTH\n.*\nand 1 more \(--top, --json\)$/,
  );
  for (const sentence of [
    "The lifecycle policies would expire nothing now.",
    "Docker Hub allows 100 pulls in 6 hours from an IP address, 200 from a free account",
    "With the cache: at most about",
    "Without it: at least 2 pulls in the last 24 hours",
    "Price: $0.10 for a GB (10⁹ bytes) and month, from https://aws.amazon.com/ecr/pricing/ (2026-03).",
    "Layers that images of one repository share are counted for each image, though ECR stores them once",
  ]) {
    expect(paragraphs[4]).toContain(sentence);
  }
});

test("`cost` estimates what the environment's lifecycle policies would free", async () => {
  account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
  // The environment keeps the last 10 images of a repository.
  await pull("quay/org/app", ...Array.from({ length: 13 }, (_, number) => `1.${number}`));
  const { lifecycle } = await cost();
  expect(lifecycle.images).toEqual({ atLeast: 3, atMost: 3 });
  expect(lifecycle.bytes.atMost).toBeGreaterThan(0);
  expect(lifecycle.usdPerMonth.atMost).toBeCloseTo((lifecycle.bytes.atMost / 1e9) * 0.1);
  const { stdout } = await run("cost", "--env", "cache");
  expect(stdout).toMatch(
    /The lifecycle policies would expire 3 images and free [\d.]+ MB, .* a month: an estimate \(ECR's own: ecr-cache lifecycle --env cache --preview\)\./,
  );
});

test("`cost` says that the price of a region without a known price is assumed", async () => {
  const { stdout } = await run("cost", "--env", "elsewhere");
  expect(stdout).toContain(
    "for us-east-1; the price in sa-east-1 is assumed to be the same (--price overrides it)",
  );
  // No rule for Docker Hub, no word of its quota.
  expect(stdout).not.toContain("Docker Hub");
});

describe("`cost --pulls`", () => {
  test("`cost --pulls` reads the pulls of Docker Hub's images in windows of six hours", async () => {
    await makeCache();
    const asked: unknown[] = [];
    const answer = async ({ input }: { input: unknown }) => {
      asked.push(input);
      const isFirst = asked.length === 1;
      return await Promise.resolve({
        MetricDataResults: [
          {
            Timestamps: [new Date("2026-11-23T00:00:00Z"), new Date("2026-11-23T06:00:00Z")],
            Values: isFirst ? [150, 90] : [60, 5],
          },
        ],
        ...(isFirst && { NextToken: "more" }),
      });
    };
    const send = jest.spyOn(CloudWatchClient.prototype, "send").mockImplementation(answer as never);
    const report = await cost("--pulls", "14");
    send.mockRestore();
    expect(report.dockerHub[0]!.pulls).toEqual({
      days: 14,
      total: 305,
      busiestWindow: 210,
      windowsOver: { anonymous: 1, personal: 1 },
    });
    expect(asked).toMatchObject([
      {
        MetricDataQueries: [
          {
            MetricStat: {
              Metric: {
                Namespace: "AWS/ECR",
                MetricName: "RepositoryPullCount",
                Dimensions: [{ Name: "RepositoryName", Value: "docker-hub/library/nginx" }],
              },
              Period: 21_600,
              Stat: "Sum",
            },
          },
        ],
      },
      { NextToken: "more" },
    ]);
  });
});

describe("`cost --html`", () => {
  async function page(...argv: string[]): Promise<{ file: string; html: string }> {
    const file = join(folder, "cost.html");
    const { exitCode, stderr } = await run(
      ...["cost", "--env", "cache", "--region", "us-east-1", "--html", file, ...argv],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return { file, html: readFileSync(file, "utf8") };
  }

  test("`cost --html` writes a self-contained page", async () => {
    await makeCache();
    const { html } = await page();
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain("<title>Cache of cache in us-east-1: what it costs</title>");
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=/);
    expect(html).toContain("prefers-color-scheme: dark");
    for (const heading of ["Storage by upstream", "Storage by image age", "Largest repositories"]) {
      expect(html).toContain(`>${heading}</h2>`);
    }
    expect(html).toContain("docker-hub/library/nginx");
  });

  test("`cost --html` shows as many repositories as --top says", async () => {
    await makeCache();
    const { html } = await page("--top", "1");
    const { repositories } = await cost();
    expect(html).toContain(repositories[0]!.repository);
    expect(html).not.toContain(repositories[1]!.repository);
  });

  test("`cost --html` of an empty cache has no charts", async () => {
    const { html } = await page();
    expect(html).toContain("<p>Nothing is stored.</p>");
    expect(html).not.toContain("NaN");
  });

  test("`cost --html` reports a file that can't be written in one line", async () => {
    const file = join(folder, "missing", "cost.html");
    const { stdout, stderr, exitCode } = await run("cost", "--env", "cache", "--html", file);
    expect(stderr).toBe(
      `ecr-cache: --html: ${JSON.stringify(file)} can't be written (ENOENT). Name a file in an existing folder that you may write to\n`,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  });
});

test.each([
  [
    ["--price", "ten"],
    "option '--price <usd>' argument 'ten' is invalid. allowed: US dollars, such as 0.10",
  ],
  [
    ["--pulls", "90"],
    "option '--pulls <days>' argument '90' is invalid. allowed: a whole number from 1 to 60",
  ],
  [
    ["--top", "0"],
    "option '--top <number>' argument '0' is invalid. allowed: a whole number from 1",
  ],
])("`cost` reports wrong use in one line, with exit code 2: %j", async (argv, message) => {
  expect(await run("cost", "--env", "cache", ...argv)).toEqual({
    stdout: "",
    stderr: `ecr-cache: ${message}\n`,
    exitCode: 2,
  });
});
