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
