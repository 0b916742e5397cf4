import { answerUpstream } from "../../../sandbox/distribution/upstream-registry";
import { Clock } from "../../../sandbox/ecr/clock";
import { FakeUpstream } from "../../../sandbox/ecr/upstream";

const HUB = "registry-1.docker.io";
const NGINX = "/v2/library/nginx/manifests/1.25";
const HOUR = 60 * 60 * 1000;

let clock: Clock;
let upstream: FakeUpstream;

beforeEach(() => {
  clock = new Clock();
  upstream = new FakeUpstream(clock);
});

const ask = (method: string, path: string, headers = {}, registry = HUB) =>
  answerUpstream(upstream, registry, {
    method,
    path,
    headers,
    origin: "http://127.0.0.1:1",
    layerOrigin: "http://127.0.0.1:1",
    body: () => Promise.resolve(Buffer.alloc(0)),
  });

const errorOf = (body: string | Buffer | undefined) =>
  (JSON.parse(String(body)) as { errors: [{ code: string }] }).errors[0].code;

test("an upstream registry serves the manifest and digest that a pull through the cache imports", async () => {
  const fetched = await upstream.fetch(HUB, "library/nginx", "1.25");
  const image = fetched.failure === undefined ? fetched.images.at(-1) : undefined;
  const expected = {
    status: 200,
    headers: {
      "content-type": "application/vnd.oci.image.index.v1+json",
      "docker-content-digest": image!.digest,
    },
    body: image!.manifest,
  };
  expect(await ask("HEAD", NGINX)).toMatchObject(expected);
  expect(await ask("GET", NGINX)).toMatchObject(expected);
});

test("an upstream registry serves the images of an index by digest, with their layers and tags", async () => {
  const { body: index } = await ask("GET", NGINX);
  const { manifests } = JSON.parse(String(index)) as { manifests: { digest: string }[] };
  const { body } = await ask("GET", `/v2/library/nginx/manifests/${manifests[1]!.digest}`);
  const { layers } = JSON.parse(String(body)) as { layers: { digest: string; size: number }[] };
  const path = `/v2/library/nginx/blobs/${layers[0]!.digest}`;
  const whole = await ask("GET", path);
  expect(Buffer.byteLength(whole.body!)).toBe(layers[0]!.size);
  const part = await ask("GET", path, { range: "bytes=0-5" });
  expect(part).toMatchObject({
    status: 206,
    headers: { "content-range": `bytes 0-5/${layers[0]!.size}` },
    body: Buffer.from("filler"),
  });
  expect(await ask("GET", path, { range: `bytes=${layers[0]!.size}-` })).toMatchObject({
    status: 416,
  });
  expect((await ask("GET", "/v2/library/nginx/tags/list")).body).toBe(
    JSON.stringify({ name: "library/nginx", tags: ["1.25"] }),
  );
});

test.each([
  ["unauthorized", 401, "UNAUTHORIZED"],
  ["access-denied", 403, "DENIED"],
  ["not-found", 404, "MANIFEST_UNKNOWN"],
  ["too-many-requests", 429, "TOOMANYREQUESTS"],
  ["unavailable", 503, "UNAVAILABLE"],
] as const)(
  "an upstream that fails with %s answers with status %i",
  async (failure, status, code) => {
    upstream.set("docker.io", { failure });
    const answer = await ask("GET", NGINX);
    expect([answer.status, errorOf(answer.body)]).toEqual([status, code]);
    expect(answer.headers["www-authenticate"]).toBe(
      failure === "unauthorized" ? `Basic realm="${HUB}"` : undefined,
    );
  },
);

test("an upstream with a limit refuses more pulls in six hours, but no version checks", async () => {
  upstream.set("docker.io", { limit: 2 });
  const statuses = async (...methods: string[]) => {
    const found: number[] = [];
    for (const method of methods) found.push((await ask(method, NGINX)).status);
    return found;
  };
  expect(await statuses("HEAD", "GET", "HEAD", "GET", "GET", "HEAD")).toEqual([
    200, 200, 200, 200, 429, 200,
  ]);
  clock.advance(6 * HOUR);
  expect(await statuses("GET")).toEqual([200]);
});

test("a setting of an upstream is taken back by undefined, and all of a name by `unset`", async () => {
  upstream.set("docker.io", { failure: "unavailable", limit: 0 });
  upstream.set("docker.io", { failure: undefined });
  expect((await ask("GET", NGINX)).status).toBe(429);
  upstream.unset("docker.io");
  expect((await ask("GET", NGINX)).status).toBe(200);
});

test.each([
  ["PUT", NGINX, 405],
  ["GET", "/v2/org/app/blobs/sha256:0", 404],
  ["GET", `/v2/org/app/manifests/sha256:${"0".repeat(64)}`, 404],
  ["GET", "/v2/org/app/other", 404],
])("an upstream registry refuses %s %s with status %i", async (method, path, status) => {
  expect((await ask(method, path, {}, "quay.io")).status).toBe(status);
});

test("an upstream registry answers a ping without a login", async () => {
  expect(await ask("GET", "/v2/")).toMatchObject({ status: 200, body: "{}" });
});
