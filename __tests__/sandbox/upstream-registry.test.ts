import { FakeUpstream } from "../../sandbox/ecr/upstream";
import { answerUpstream } from "../../sandbox/upstream-registry";

const path = "/_sandbox/upstream/registry-1.docker.io/v2/library/nginx/manifests/1.25";

test("an upstream registry serves the manifest and digest that a pull through the cache imports", () => {
  const upstream = new FakeUpstream();
  const fetched = upstream.fetch("registry-1.docker.io", "library/nginx", "1.25");
  const image = fetched.failure === undefined ? fetched.images.at(-1)! : undefined;
  const headers = {
    "content-type": "application/vnd.oci.image.index.v1+json",
    "docker-content-digest": image!.digest,
  };
  expect(answerUpstream(upstream, "HEAD", path)).toEqual({ status: 200, headers, body: "" });
  expect(answerUpstream(upstream, "GET", path)).toEqual({
    status: 200,
    headers,
    body: image!.manifest,
  });
});

test.each([
  ["access-denied", 403],
  ["not-found", 404],
  ["too-many-requests", 429],
  ["unavailable", 503],
] as const)("%s is status %i", (failure, status) => {
  const upstream = new FakeUpstream();
  upstream.set("docker.io", { failure });
  expect(answerUpstream(upstream, "HEAD", path)).toEqual({ status, headers: {}, body: "" });
});

test.each([
  ["PUT", path],
  ["GET", "/_sandbox/upstream/quay.io/v2/"],
  ["GET", "/_sandbox/upstream/quay.io/v2/org/app/blobs/sha256:0"],
])("%s %s is nothing that it has", (method, other) => {
  expect(answerUpstream(new FakeUpstream(), method, other).status).toBe(404);
});
