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

describe("a name whose end is a variable", () => {
  const move = (image: string, with_ = mapper) => {
    const result = new Rewriter({ mapper: with_ }).rewrite(`FROM ${image}\n`, {
      path: "Dockerfile",
    });
    return result.problem ? undefined : result.references[0];
  };

  test.each([
    ["temporalio/${IMAGE}", "docker-hub/temporalio/${IMAGE}"],
    ["docker.io/library/${IMAGE}:1", "docker-hub/library/${IMAGE}:1"],
    ["docker.io/$OWNER/app", "docker-hub/$OWNER/app"],
    ["quay.io/$X:$Y", "quay/$X:$Y"],
    ["quay.io/acme/a-${X}/b:1", "quay/acme/a-${X}/b:1"],
    ["registry.k8s.io/kube-${X}", "kubernetes/kube-${X}"],
  ])("moves by its beginning: %s", (image, name) => {
    expect(move(image)).toMatchObject({ image, cacheUri: `cache.test/${name}` });
  });

  test.each([
    ["docker.io/${IMAGE}", "variable"],
    ["ghcr.io/${{ github.repository }}/app", "variable"],
    ["gcr.io/acme/${IMAGE}", "uncacheable-registry"],
    ["registry.acme.example/${IMAGE}", "private-registry"],
  ])("stays where that does not say what it is: %s", (image, why) => {
    expect(move(image.replaceAll(" ", ""))).toMatchObject({ cacheUri: null, why });
  });

  test("stays where several rules are for what it may be", () => {
    const hub = { upstream: "docker-hub", upstreamUrl: "registry-1.docker.io" } as const;
    const several = new Mapper(
      cacheAt("cache.test", [
        { ...hub, prefix: "hub" },
        { ...hub, prefix: "acme", upstreamPrefix: "acme/team" },
      ]),
    );
    expect(move("acme/${X}", several)).toMatchObject({ cacheUri: null, why: "variable" });
    expect(move("other/${X}", several)).toMatchObject({ cacheUri: "cache.test/hub/other/${X}" });
  });

  test("stays where it is built", () => {
    const text =
      "docker build -t acme/$NAME:1 .\ndocker run acme/$NAME:2\ndocker pull acme/$OTHER\n";
    expect(rewriter.rewrite(text, { path: "a.sh" })).toMatchObject({
      text: text.replace("acme/$OTHER", "cache.test/docker-hub/acme/$OTHER"),
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
