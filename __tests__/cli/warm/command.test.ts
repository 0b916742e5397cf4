import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { imagesJson } from "../../../cli/images/json";
import { warmJson } from "../../../cli/warm/json";
import { parseJson } from "../../support/contracts";
import { main } from "../../../cli/main";
import type { Session } from "../../../cli/shell/session";
import { useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

const account = useAccount(cache);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warm-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function warm(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(
    ...["warm", "--env", "cache", "--region", "us-east-1", ...argv, "--json"],
  );
  return { outcomes: parseJson(warmJson, stdout), stderr, exitCode };
}

async function cached(repositoryName: string): Promise<Map<string, string[]>> {
  const { imageDetails = [] } = (await account.call("DescribeImages", { repositoryName })) as {
    imageDetails?: { imageDigest: string; imageTags?: string[] }[];
  };
  return new Map(imageDetails.map(({ imageDigest, imageTags = [] }) => [imageDigest, imageTags]));
}

/** The digest that the upstream has under a tag. */
async function upstreamDigest(registry: string, repository: string, tag: string): Promise<string> {
  const fetched = await account.upstream.fetch(registry, repository, tag);
  if (fetched.failure) throw new Error(fetched.failure);
  return fetched.images.at(-1)!.digest;
}

test("images are pulled once through the cache, by upstream names or names in the cache", async () => {
  const { outcomes, stderr, exitCode } = await warm(
    "nginx:1.25",
    "docker.io/library/nginx:1.25",
    `${HOST}/quay/org/app:2`,
    "redis",
  );
  expect(outcomes).toEqual([
    {
      region: "us-east-1",
      image: "nginx:1.25",
      repository: "docker-hub/library/nginx",
      tag: "1.25",
      digest: await upstreamDigest("registry-1.docker.io", "library/nginx", "1.25"),
      status: "cached",
      platforms: [],
      message: null,
    },
    expect.objectContaining({ repository: "quay/org/app", tag: "2", status: "cached" }),
    expect.objectContaining({ repository: "docker-hub/library/redis", tag: "latest" }),
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: "3 images cached.\n", exitCode: 0 });
  expect([...(await cached("docker-hub/library/nginx")).values()].flat()).toEqual(["1.25"]);
  expect(account.calls.count({ action: "BatchGetImage" })).toBe(3);
});

test("the table names each image", async () => {
  const { stdout } = await run(
    ...["warm", "--env", "cache", "--region", "us-east-1"],
    ...["nginx:1.25", "--platform", "linux/arm64"],
  );
  expect(stdout.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^IMAGE +DIGEST +STATUS +PLATFORMS$/),
    expect.stringMatching(
      /^docker-hub\/library\/nginx:1\.25 +sha256:[0-9a-f]{12} +cached +linux\/arm64$/,
    ),
  ]);
});

describe("by a digest", () => {
  test("with a tag, the tag is pulled first, and the digest is there", async () => {
    const pinned = await upstreamDigest("registry-1.docker.io", "library/nginx", "1.25");
    const { outcomes, exitCode } = await warm(`nginx:1.25@${pinned}`);
    expect(outcomes).toMatchObject([{ tag: "1.25", digest: pinned, status: "cached" }]);
    expect(exitCode).toBe(0);
  });

  test("that an index under the tag lists", async () => {
    const fetched = await account.upstream.fetch("registry-1.docker.io", "library/nginx", "1.25");
    const child = fetched.failure === undefined ? fetched.images[0]!.digest : "";
    const { outcomes } = await warm(`nginx:1.25@${child}`);
    expect(outcomes).toMatchObject([{ digest: child, status: "cached" }]);
  });

  test("that the tag names no more, it is said what to do", async () => {
    const before = await upstreamDigest("registry-1.docker.io", "library/nginx", "1.25");
    account.upstream.set("docker.io/library/nginx:1.25", { revision: "2" });
    const now = await upstreamDigest("registry-1.docker.io", "library/nginx", "1.25");
    const { outcomes, exitCode } = await warm(`nginx:1.25@${before}`);
    expect(outcomes).toMatchObject([
      {
        status: "failed",
        digest: null,
        message: `the upstream's 1.25 is ${now} now, and ${before} is not in the cache: ECR does not fetch an image by its digest (aws/containers-roadmap#2837); pin the digest that the tag has now`,
      },
    ]);
    expect(exitCode).toBe(2);
  });

  test("without a tag, only what is cached can be had", async () => {
    const pinned = await upstreamDigest("quay.io", "org/app", "1");
    const { outcomes, exitCode } = await warm(`quay.io/org/app@${pinned}`);
    expect(outcomes).toMatchObject([
      {
        tag: null,
        status: "failed",
        message: expect.stringContaining("add its tag, as in quay/org/app:TAG@sha256:…") as string,
      },
    ]);
    expect(exitCode).toBe(2);
    await warm("quay.io/org/app:1");
    expect((await warm(`quay.io/org/app@${pinned}`)).outcomes).toMatchObject([
      { tag: null, digest: pinned, status: "cached" },
    ]);
  });
});

describe("--platform", () => {
  test("makes sure of the images for the platforms, also one with a variant", async () => {
    account.upstream.set("docker.io/library/nginx:1.25", {
      platforms: ["linux/amd64", "linux/arm64/v8", "windows/amd64"],
    });
    const { outcomes, exitCode } = await warm(
      "nginx:1.25",
      "--platform",
      "linux/amd64,linux/arm64",
    );
    const images = await cached("docker-hub/library/nginx");
    expect(outcomes[0]!.platforms.map(({ platform }) => platform)).toEqual([
      "linux/amd64",
      "linux/arm64",
    ]);
    for (const one of outcomes[0]!.platforms) expect(images.has(one.digest!)).toBe(true);
    expect(exitCode).toBe(0);
  });

  test("that the image has not is a failure that names those it has", async () => {
    const { outcomes, exitCode } = await warm("nginx:1.25", "--platform", "linux/s390x");
    expect(outcomes).toMatchObject([
      {
        status: "failed",
        platforms: [{ platform: "linux/s390x", digest: null }],
        message: "the index has no linux/s390x, only linux/amd64, linux/arm64",
      },
    ]);
    expect(exitCode).toBe(2);
  });

  test("of a single image, it is said that nobody knows", async () => {
    account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
    const { outcomes, exitCode } = await warm("quay.io/org/app:1", "--platform", "linux/amd64");
    expect(outcomes).toMatchObject([
      {
        status: "cached",
        message: "it is a single image, not an index, and its manifest does not name its platform",
      },
    ]);
    expect(exitCode).toBe(0);
  });
});

describe("failures", () => {
  test("of AWS are told with their remedy", async () => {
    account.faults.add({ kind: "deny", action: "BatchGetImage" });
    const { outcomes, stderr, exitCode } = await warm("nginx:1.25", "redis:7", "--parallel", "1");
    expect(outcomes.map(({ status }) => status)).toEqual(["failed", "cached"]);
    expect(stderr).toMatch(/^ecr-cache: nginx:1\.25: AWS: .*\n1 image cached, 1 not\.\n$/);
    expect(outcomes[0]!.message).toMatch(
      /^AWS: .*lacks the permission ecr:BatchGetImage on docker-hub\/library\/nginx/,
    );
    expect(exitCode).toBe(2);
  });
});

describe("--file", () => {
  const LIST =
    "# what production runs\nnginx:1.25\n\n  redis:7   # the cache\r\nquay.io/org/app:1\n";

  test("has an image on each line", async () => {
    const file = join(folder, "images.txt");
    writeFileSync(file, LIST);
    const { outcomes, exitCode } = await warm("--file", file, "nginx:1.25");
    expect(outcomes.map(({ image }) => image)).toEqual([
      "nginx:1.25",
      "redis:7",
      "quay.io/org/app:1",
    ]);
    expect(exitCode).toBe(0);
  });

  test("- is the standard input", async () => {
    const written = { stdout: "", stderr: "" };
    const session: Session = {
      stdout: { write: (text) => (written.stdout += text) },
      stderr: { write: (text) => (written.stderr += text) },
      stdin: Readable.from([LIST]),
      exitCode: 0,
    };
    expect(
      await main(
        ["warm", "--env", "cache", "--region", "us-east-1", "--file", "-", "--json"],
        session,
      ),
    ).toBe(0);
    expect(parseJson(warmJson, written.stdout)).toHaveLength(3);
  });
});

describe("--from-rewrite", () => {
  test("finds the images that files name, under their upstream names or names in the cache", async () => {
    mkdirSync(join(folder, "deploy"));
    writeFileSync(
      join(folder, "Dockerfile"),
      "ARG VERSION\nFROM nginx:1.25 AS web\nFROM node:${VERSION}\nFROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY --from=web / /\n",
    );
    writeFileSync(
      join(folder, "deploy", "compose.yaml"),
      `services:\n  app:\n    image: ${HOST}/quay/org/app:2\n  web:\n    image: nginx:1.25\n`,
    );
    const { outcomes, stderr, exitCode } = await warm("--from-rewrite", folder);
    expect(outcomes.map(({ repository, tag }) => `${repository}:${tag}`).sort()).toEqual([
      "docker-hub/library/nginx:1.25",
      "quay/org/app:2",
    ]);
    expect(stderr).toBe(
      "3 references to images of the cache found in files, 2 others left alone.\n2 images cached.\n",
    );
    expect(exitCode).toBe(0);
  });

  test("that can't be read is told, with exit code 2, and the others are read", async () => {
    writeFileSync(join(folder, "Dockerfile"), "FROM nginx:1.25\n");
    const missing = join(folder, "missing.yaml");
    const { outcomes, stderr, exitCode } = await warm("--from-rewrite", missing, folder);
    expect(outcomes).toHaveLength(1);
    expect(stderr).toContain(`ecr-cache: ${missing}: no such file or folder\n`);
    expect(exitCode).toBe(2);
  });
});

describe("wrong use is one line and exit code 2, before AWS is asked:", () => {
  test.each([
    [[], "warm needs images: IMAGE…, --file or --from-rewrite"],
    [
      ["nginx", "--platform", "arm64"],
      "option '--platform <platform>' argument 'arm64' is invalid. allowed: OS/ARCHITECTURE[/VARIANT], such as linux/arm64",
    ],
    [
      ["nginx", "--parallel", "100"],
      "option '--parallel <number>' argument '100' is invalid. allowed: a whole number from 1 to 20",
    ],
    [
      ["--file", "/nowhere"],
      `--file: "/nowhere" can't be read (no such file or folder). Name a text file with one image per line`,
    ],
    [["--file", "-"], "--file: there is no standard input. Pipe a list in, or name a file"],
    [
      ["gcr.io/a/b"],
      'image "gcr.io/a/b": found no name in the cache: ECR can\'t cache Google Container Registry (gcr.io): aws/containers-roadmap#1581',
    ],
  ])("%j", async (argv, message) => {
    account.calls.reset();
    expect(await run("warm", "--env", "cache", ...argv)).toEqual({
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
      exitCode: 2,
    });
    expect(account.calls.list()).toEqual([]);
  });
});

test("`warm --referrers` lists what refers to an image and to those of its platforms, and so does `images --referrers`", async () => {
  const wanted = ["quay.io/org/app:2", "--platform", "linux/arm64", "--referrers"];
  const { outcomes: bare } = await warm(...wanted);
  expect(bare).toMatchObject([{ status: "cached", referrers: [] }]);
  const [{ digest, platforms } = { digest: null, platforms: [] }] = bare;
  const { images } = account.service.registry("us-east-1").repositories.get("quay/org/app")!;
  const types = ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/spdx+json"];
  [digest, platforms[0]?.digest].forEach((subject, at) => {
    const own = `sha256:${String(at).padStart(64, "e")}`;
    images.set(own, {
      digest: own,
      manifest: "{}",
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactMediaType: types[at]!,
      children: [],
      subject: subject!,
      sizeInBytes: 100,
      pushedAt: new Date(),
      tags: new Set(),
      status: "ACTIVE",
    });
  });
  const { outcomes } = await warm(...wanted);
  expect(outcomes[0]?.referrers?.map(({ artifactType }) => artifactType)).toEqual(types);
  const { outcomes: without } = await warm("quay.io/org/app:2");
  expect(without[0]).not.toHaveProperty("referrers");

  const list = ["images", "org/app:2", "--env", "cache", "--region", "us-east-1", "--referrers"];
  const { stdout } = await run(...list, "--json");
  expect(parseJson(imagesJson, stdout)).toMatchObject([
    { digest, referrers: [{ artifactType: types[0] }] },
  ]);
  expect((await run(...list)).stdout).toContain(types[0]);
});

test("`warm --referrers` fails for an image whose referrers ECR refuses to list", async () => {
  account.faults.add({ kind: "deny", action: "ListImageReferrers" });
  const { outcomes, exitCode } = await warm("quay.io/org/app:2", "--referrers");
  expect(outcomes).toMatchObject([{ status: "failed" }]);
  expect(outcomes[0]?.message).toContain("its referrers: ");
  expect(exitCode).toBe(2);
});
