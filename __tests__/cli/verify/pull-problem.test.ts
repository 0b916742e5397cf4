import { pullRemedy } from "../../../cli/verify/pull-problem";

const rule = { prefix: "docker-hub", upstream: "docker-hub" } as const;
const remedy = (problem: string, byDigest = false) => pullRemedy(problem, byDigest, rule, "shop");

test.each([
  [
    "RepositoryNotFoundException: The repository with name 'docker-hub/x' does not exist",
    /^grant the caller ecr:CreateRepository on docker-hub\/\*/,
  ],
  [
    "ImageNotFound: Requested image not found",
    /^check that the upstream has it, and grant the caller ecr:BatchImportUpstreamImage on docker-hub\/\*\. Correct the name/,
  ],
  ["UpstreamAccessDenied: denied", /^Rotate the credential/],
  ["UpstreamTooManyRequests: slow down", /^Nothing is lost/],
  [
    "UnableToGetUpstreamImageException: The secret is unable to be accessed.",
    /^Check that the secret/,
  ],
  ["SomethingElse: who knows", /error-pullthroughcache\.html/],
])("%s", (problem, advice) => {
  expect(remedy(problem)).toMatch(advice);
});

test("an image that is named by its digest has to be cached by its tag first", () => {
  expect(remedy("ImageNotFound: Requested image not found", true)).toBe(
    "pull its tag first: ECR does not fetch an image by its digest (https://github.com/aws/containers-roadmap/issues/2837)",
  );
});
