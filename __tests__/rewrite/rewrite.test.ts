import { cacheAt } from "../../ecr/cache-uri";
import { Mapper } from "../../rewrite/reference";
import { Rewriter } from "../../rewrite/rewrite";
import { mapper } from "../support/rewritten";

const rewriter = new Rewriter({ mapper });

test.each([
  ...["Dockerfile", "dockerfile", "a/Dockerfile.prod", "Dockerfile-dev", "Dockerfile_ci"],
  ...["app.Dockerfile", "app.dockerfile", "Containerfile", "b/Containerfile.arm64"],
])("%s is read as a Dockerfile", (path) => {
  expect(rewriter.rewrite("FROM nginx\n", { path })).toMatchObject({
    text: "FROM cache.test/docker-hub/library/nginx\n",
  });
});

test.each([
  ...["Dockerfile.dockerignore", "Dockerfile.md", "MyDockerfile", "Dockerfiles/README", "main.go"],
  ...["docker.txt", "a.yamls", "a.tfstate", "compose"],
])("%s is not looked into", (path) => {
  const text = "FROM nginx\nimage: nginx:1\n";
  expect(rewriter.isCandidate(path)).toBe(false);
  expect(rewriter.rewrite(text, { path }, true)).toMatchObject({ references: [], edits: [], text });
});

describe("a name without a registry", () => {
  const dockerfile = "FROM acme-base:1\nFROM docker.io/acme-base:1\n";

  test("stays where Docker Hub has no official image of that name", () => {
    expect(rewriter.rewrite(dockerfile, { path: "Dockerfile" })).toMatchObject({
      text: "FROM acme-base:1\nFROM cache.test/docker-hub/library/acme-base:1\n",
      references: [{ why: "not-official" }, {}],
    });
  });

  test("moves where it is assumed to be an official image", () => {
    const assuming = new Rewriter({
      mapper: new Mapper(cacheAt("cache.test"), new Set(["acme-base"])),
    });
    expect(assuming.rewrite(dockerfile, { path: "Dockerfile" })).toMatchObject({
      text: "FROM cache.test/docker-hub/library/acme-base:1\n".repeat(2),
    });
  });
});

test.each([
  "a.yml",
  "a.yaml",
  "a.json",
  "a.jsonc",
  "a.tf",
  "a.tofu",
  "a.tfvars",
  "a.hcl",
  "a.json.tftpl",
  "Kustomization",
])("%s is looked into", (path) => {
  expect(rewriter.isCandidate(path)).toBe(true);
  expect(rewriter.isCandidate(`folder/${path}`)).toBe(true);
});
