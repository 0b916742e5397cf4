import { createHash } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import {
  ACCOUNT,
  GOOD_SECRET,
  KEEP_TEN,
  REGION,
  secretArn,
  startTestEcr,
  type TestEcr,
} from "../../support/test-ecr";

/*
 * The private registry over HTTP, as container clients speak to it: https://github.com/opencontainers/distribution-spec.
 */

const HOUR = 60 * 60 * 1000;

let aws: TestEcr;

beforeAll(async () => {
  aws = await startTestEcr();
});
afterAll(() => aws.stop());
beforeEach(async () => {
  aws.service.reset();
  aws.faults.clear();
  aws.calls.reset();
  aws.events.length = 0;
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
});

/** A login of the account's administrator, for the `authorization` header. */
async function login(): Promise<string> {
  const { authorizationData } = await aws.ecr.getAuthorizationToken({});
  return `Basic ${authorizationData![0]!.authorizationToken}`;
}

interface RequestOptions {
  readonly method?: string;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer<ArrayBuffer>;
}

async function call(
  path: string,
  { method = "GET", authorization, headers = {}, body }: RequestOptions = {},
): Promise<Response> {
  return fetch(`${aws.url}${path}`, {
    method,
    headers: { authorization: authorization ?? (await login()), ...headers },
    body: body ?? null,
    redirect: "manual",
  });
}

async function errorOf(response: Response) {
  const { errors } = (await response.json()) as { errors: [{ code: string; message: string }] };
  return [response.status, errors[0].code, errors[0].message];
}

const sha256 = (content: string | Buffer) =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

describe("a login", () => {
  test.each([
    ["is missing", ""],
    ["has another user", `Basic ${Buffer.from("admin:x").toString("base64")}`],
    ["has a password that is not a token", `Basic ${Buffer.from("AWS:x.y").toString("base64")}`],
    ["is a bearer token", "Bearer x"],
  ])("that %s is challenged", async (_, authorization) => {
    for (const path of ["/v2/", "/v2/quay/org/app/manifests/1"]) {
      const response = await call(path, { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toMatch(
        /^Basic realm="http:\/\/[^"]+\/",service="ecr\.amazonaws\.com"$/,
      );
      expect(await response.text()).toBe("Not Authorized\n");
    }
    expect(aws.events).toEqual([]);
  });

  test("with the token of GetAuthorizationToken is accepted for twelve hours", async () => {
    const authorization = await login();
    expect((await call("/v2/", { authorization })).status).toBe(200);
    aws.service.advanceClock(12 * HOUR);
    expect(await errorOf(await call("/v2/", { authorization }))).toEqual([
      403,
      "DENIED",
      "Your authorization token has expired. Reauthenticate and try again.",
    ]);
  });
});

describe("a pull", () => {
  test("performs BatchGetImage: the template creates the repository, and an event reports the pull", async () => {
    await aws.ecr.createRepositoryCreationTemplate({
      prefix: "quay",
      appliedFor: ["PULL_THROUGH_CACHE"],
      lifecyclePolicy: KEEP_TEN,
    });
    const response = await call("/v2/quay/org/app/manifests/1");
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    const manifest = await response.text();
    expect(response.headers.get("docker-content-digest")).toBe(sha256(manifest));
    const repositoryName = "quay/org/app";
    expect((await aws.ecr.getLifecyclePolicy({ repositoryName })).lifecyclePolicyText).toBe(
      KEEP_TEN,
    );
    expect(aws.events).toMatchObject([{ detail: { "sync-status": "SUCCESS", "image-tag": "1" } }]);
    const { images } = await aws.ecr.batchGetImage({
      repositoryName,
      imageIds: [{ imageTag: "1" }],
    });
    expect(images?.[0]?.imageManifest).toBe(manifest);
    expect(aws.calls.count({ action: "BatchGetImage", region: REGION })).toBe(2);
  });

  test("by HEAD has the headers of the manifest, and no body", async () => {
    const head = await call("/v2/quay/org/app/manifests/1", { method: "HEAD" });
    const get = await call("/v2/quay/org/app/manifests/1");
    expect(await head.text()).toBe("");
    expect(head.headers.get("docker-content-digest")).toBe(
      get.headers.get("docker-content-digest"),
    );
    expect(head.headers.get("content-length")).toBe(String((await get.text()).length));
  });

  test("follows an index to a platform's manifest, and redirects to its layers", async () => {
    const index = (await (await call("/v2/quay/org/app/manifests/1")).json()) as {
      manifests: { digest: string }[];
    };
    const image = await call(`/v2/quay/org/app/manifests/${index.manifests[0]!.digest}`);
    const { config, layers } = (await image.json()) as {
      config: { digest: string };
      layers: { digest: string; size: number }[];
    };
    for (const { digest } of [config, ...layers]) {
      const redirect = await call(`/v2/quay/org/app/blobs/${digest}`);
      expect(redirect.status).toBe(307);
      // S3 refuses a second login.
      const blob = await fetch(redirect.headers.get("location")!);
      expect(sha256(Buffer.from(await blob.arrayBuffer()))).toBe(digest);
    }
    const [layer] = layers;
    const check = await call(`/v2/quay/org/app/blobs/${layer!.digest}`, { method: "HEAD" });
    expect([check.status, check.headers.get("content-length")]).toEqual([200, String(layer!.size)]);
    const location = (await call(`/v2/quay/org/app/blobs/${layer!.digest}`)).headers.get(
      "location",
    )!;
    const part = await fetch(location, { headers: { range: "bytes=0-5" } });
    expect([part.status, await part.text()]).toEqual([206, "filler"]);
  });

  test("reads the registry of the region in the host's name", async () => {
    const request = get(`${aws.url}/v2/quay/org/app/manifests/1`, {
      headers: {
        host: `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`,
        authorization: await login(),
      },
    });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect([response.statusCode, await text(response)]).toEqual([
      404,
      expect.stringContaining("NAME_UNKNOWN"),
    ]);
  });

  test.each([
    ["unauthorized", 403, "DENIED", /^The authentication to the upstream registry failed\./],
    ["access-denied", 403, "DENIED", /^The authentication to the upstream registry failed\./],
    ["not-found", 404, "MANIFEST_UNKNOWN", /^Requested image not found$/],
    ["too-many-requests", 429, "TOOMANYREQUESTS", /too many requests/],
    ["unavailable", 503, "UNAVAILABLE", /could not be reached/],
  ] as const)("of an upstream that fails with %s is refused with %i", async (...row) => {
    const [failure, status, code, message] = row;
    aws.service.upstream.set("quay.io", { failure });
    expect(await errorOf(await call("/v2/quay/org/app/manifests/1"))).toEqual([
      status,
      code,
      expect.stringMatching(message),
    ]);
  });

  test.each([
    [
      "/v2/other/app/manifests/1",
      "NAME_UNKNOWN",
      `The repository with name 'other/app' does not exist in the registry with id '${ACCOUNT}'`,
    ],
    [
      `/v2/quay/org/app/manifests/sha256:${"0".repeat(64)}`,
      "MANIFEST_UNKNOWN",
      "Requested image not found",
    ],
    ["/v2/quay/org/app/tags/list", "NAME_UNKNOWN", expect.stringContaining("does not exist")],
  ])("of something that does not exist, %s, is a 404", async (path, code, message) => {
    expect(await errorOf(await call(path))).toEqual([404, code, message]);
  });

  test("reports a secret that was deleted", async () => {
    aws.secrets.set(secretArn(), GOOD_SECRET);
    await aws.ecr.createPullThroughCacheRule({
      ecrRepositoryPrefix: "docker-hub",
      upstreamRegistryUrl: "registry-1.docker.io",
      credentialArn: secretArn(),
    });
    aws.secrets.clear();
    expect(await errorOf(await call("/v2/docker-hub/library/nginx/manifests/1"))).toEqual([
      403,
      "DENIED",
      expect.stringContaining("was not found"),
    ]);
  });

  test("imports from a registry that runs on this machine, and serves it when that is gone", async () => {
    // Another upstream of the sandbox, as a registry like any other.
    const url = `${aws.url}/_sandbox/upstream/ghcr.io`;
    const original = await (await fetch(`${url}/v2/org/app/manifests/1`)).text();
    aws.service.upstream.set("quay.io", { url });
    const index = await call("/v2/quay/org/app/manifests/1");
    expect(await index.text()).toBe(original);
    aws.service.upstream.set("ghcr.io", { failure: "unavailable" });
    const { manifests } = JSON.parse(original) as { manifests: { digest: string }[] };
    const image = await call(`/v2/quay/org/app/manifests/${manifests[0]!.digest}`);
    const { layers } = (await image.json()) as { layers: { digest: string }[] };
    const { status } = await call(`/v2/quay/org/app/blobs/${layers[0]!.digest}`, {
      method: "HEAD",
    });
    expect(status).toBe(200);
    expect((await errorOf(await call("/v2/quay/org/app/manifests/2")))[1]).toBe("UNAVAILABLE");
  });

  test("waits for an upstream that is slow", async () => {
    aws.service.upstream.set("quay.io/org/app", { delay: 150 });
    const start = performance.now();
    await call("/v2/quay/org/app/manifests/1");
    expect(performance.now() - start).toBeGreaterThan(145);
  });

  test("fails with the faults of its actions", async () => {
    await call("/v2/quay/org/app/manifests/1");
    aws.faults.add({ kind: "throttle", action: "BatchGetImage" });
    expect((await errorOf(await call("/v2/quay/org/app/manifests/1")))[1]).toBe("TOOMANYREQUESTS");
    aws.faults.add({ kind: "deny", action: "GetDownloadUrlForLayer" });
    const path = `/v2/quay/org/app/blobs/sha256:${"0".repeat(64)}`;
    expect((await errorOf(await call(path)))[1]).toBe("DENIED");
    expect((await errorOf(await call(path)))[1]).toBe("BLOB_UNKNOWN");
    aws.faults.add({ kind: "cut", action: "BatchGetImage" });
    await expect(call("/v2/quay/org/app/manifests/1")).rejects.toThrow();
  });
});

describe("tags", () => {
  test("are listed in pages", async () => {
    for (const tag of ["1", "2", "3"]) await call(`/v2/quay/org/app/manifests/${tag}`);
    const first = await call("/v2/quay/org/app/tags/list?n=2");
    const { tags } = (await first.json()) as { tags: string[] };
    const [, next = ""] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
    const second = await call(next);
    const rest = (await second.json()) as { name: string; tags: string[] };
    expect(second.headers.get("link")).toBeNull();
    expect([...tags, ...rest.tags].sort()).toEqual(["1", "2", "3"]);
    expect(rest.name).toBe("quay/org/app");
  });
});

describe("a push", () => {
  const CONFIG = "{}";
  const LAYER = "a layer";

  async function upload(repository: string, content: string): Promise<Response> {
    const begun = await call(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
    if (begun.status !== 202) return begun;
    const { pathname } = new URL(begun.headers.get("location")!);
    const middle = Math.ceil(content.length / 2);
    const patched = await call(pathname, { method: "PATCH", body: content.slice(0, middle) });
    expect([patched.status, patched.headers.get("range")]).toEqual([202, `0-${middle - 1}`]);
    return call(`${pathname}?digest=${sha256(content)}`, {
      method: "PUT",
      body: content.slice(middle),
    });
  }

  const manifestOf = (extra: object = {}) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { digest: sha256(CONFIG), size: CONFIG.length },
      layers: [{ digest: sha256(LAYER), size: LAYER.length }],
      ...extra,
    });

  const put = (repository: string, reference: string, body = manifestOf()) =>
    call(`/v2/${repository}/manifests/${reference}`, {
      method: "PUT",
      body,
      headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    });

  beforeEach(async () => {
    await aws.ecr.createRepository({ repositoryName: "own/app" });
  });

  test("into a repository can be pulled again", async () => {
    for (const content of [CONFIG, LAYER]) {
      expect((await upload("own/app", content)).status).toBe(201);
    }
    const pushed = await put("own/app", "1");
    expect([pushed.status, pushed.headers.get("docker-content-digest")]).toEqual([
      201,
      sha256(manifestOf()),
    ]);
    expect((await put("own/app", "1")).status).toBe(201);
    expect(await (await call("/v2/own/app/manifests/1")).text()).toBe(manifestOf());
    const { imageDetails } = await aws.ecr.describeImages({ repositoryName: "own/app" });
    expect(imageDetails).toMatchObject([
      { imageTags: ["1"], imageSizeInBytes: CONFIG.length + LAYER.length },
    ]);
  });

  test("without its layers is refused", async () => {
    expect((await errorOf(await put("own/app", "1")))[1]).toBe("BLOB_UNKNOWN");
  });

  test("of a layer with another digest is refused", async () => {
    const response = await call(`/v2/own/app/blobs/uploads/?digest=${sha256("other")}`, {
      method: "POST",
      body: LAYER,
    });
    expect((await errorOf(response))[1]).toBe("DIGEST_INVALID");
  });

  test("of a part that does not follow the last one is refused", async () => {
    const begun = await call("/v2/own/app/blobs/uploads/", { method: "POST" });
    const { pathname } = new URL(begun.headers.get("location")!);
    const response = await call(pathname, {
      method: "PATCH",
      body: LAYER,
      headers: { "content-range": "5-11" },
    });
    expect([response.status, (await errorOf(response))[1]]).toEqual([416, "BLOB_UPLOAD_INVALID"]);
  });

  test("over an immutable tag is refused as ECR words it", async () => {
    for (const content of [CONFIG, LAYER]) await upload("own/app", content);
    await put("own/app", "1");
    await aws.ecr.putImageTagMutability({
      repositoryName: "own/app",
      imageTagMutability: "IMMUTABLE",
    });
    const [status, code, message] = await errorOf(
      await put("own/app", "1", manifestOf({ annotations: { a: "b" } })),
    );
    expect([status, code]).toEqual([400, "TAG_INVALID"]);
    expect(message).toMatch(/^The image tag '1' already exists .* because the tag is immutable\.$/);
  });

  test("into a repository that does not exist is refused, unless a template is for pushes", async () => {
    expect((await errorOf(await upload("new/app", LAYER)))[1]).toBe("NAME_UNKNOWN");
    await aws.ecr.createRepositoryCreationTemplate({
      prefix: "new",
      appliedFor: ["CREATE_ON_PUSH"],
      imageTagMutability: "IMMUTABLE",
    });
    expect((await upload("new/app", LAYER)).status).toBe(201);
    const { repositories } = await aws.ecr.describeRepositories({ repositoryNames: ["new/app"] });
    expect(repositories?.[0]?.imageTagMutability).toBe("IMMUTABLE");
  });

  test("into a cached repository is accepted, as ECR accepts it without supporting it", async () => {
    await call("/v2/quay/org/app/manifests/1");
    for (const content of [CONFIG, LAYER]) await upload("quay/org/app", content);
    expect((await put("quay/org/app", "own")).status).toBe(201);
  });

  test("of an artifact about an image makes it a referrer", async () => {
    for (const content of [CONFIG, LAYER]) await upload("own/app", content);
    const subject = (await put("own/app", "1")).headers.get("docker-content-digest")!;
    const signature = manifestOf({
      artifactType: "application/vnd.example.signature",
      subject: { digest: subject },
      annotations: { signer: "me" },
    });
    const pushed = await put("own/app", sha256(signature), signature);
    expect(pushed.headers.get("oci-subject")).toBe(subject);
    const list = async (query = "") => {
      const response = await call(`/v2/own/app/referrers/${subject}${query}`);
      const { manifests } = (await response.json()) as { manifests: object[] };
      return manifests;
    };
    expect(await list()).toEqual([
      {
        digest: sha256(signature),
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/vnd.example.signature",
        size: signature.length,
        annotations: { signer: "me" },
      },
    ]);
    expect(await list("?artifactType=application/vnd.example.sbom")).toEqual([]);
  });
});

test.each([
  ["DELETE", "/v2/quay/org/app/manifests/1"],
  ["GET", "/v2/_catalog"],
])("the registry does not answer %s %s", async (method, path) => {
  expect((await errorOf(await call(path, { method })))[1]).toBe("UNSUPPORTED");
});
