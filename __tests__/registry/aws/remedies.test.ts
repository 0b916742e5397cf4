import { pullRemedy, secretRemedy } from "../../../registry/aws/remedies";

const failure = { environment: "shop", prefix: "docker-hub", upstream: "docker-hub" } as const;
const remedy = (problem: string, byDigest = false) => pullRemedy(problem, byDigest, failure);

test("the remedy for a pull by a rule with `only` names the repositories that it lists", () => {
  expect(
    pullRemedy("RepositoryNotFoundException: …", false, {
      ...failure,
      only: ["library/nginx", "grafana/*"],
    }),
  ).toContain("ecr:CreateRepository on docker-hub/library/nginx, docker-hub/grafana/*, and");
});

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
])("A pull that fails with %s has its remedy", (problem, advice) => {
  expect(remedy(problem)).toMatch(advice);
});

test("An image that is named by its digest has to be cached by its tag first", () => {
  expect(remedy("ImageNotFound: Requested image not found", true)).toBe(
    "pull its tag first: ECR does not fetch an image by its digest (https://github.com/aws/containers-roadmap/issues/2837)",
  );
});

test.each([
  ["missing", true, "npx cdktf deploy shop-credentials"],
  [
    "missing",
    false,
    'make it in eu-west-1 with the keys "username" and "accessToken", or correct credential.secretName',
  ],
  [
    "deleted",
    true,
    "aws secretsmanager restore-secret --secret-id ecr-pullthroughcache/hub --region eu-west-1",
  ],
  [
    "other-key",
    true,
    "aws secretsmanager update-secret --secret-id ecr-pullthroughcache/hub --kms-key-id alias/aws/secretsmanager --region eu-west-1",
  ],
  ["wrong-value", true, "ecr-cache credentials put docker-hub --env shop --region eu-west-1"],
] as const)("A secret that is %s (managed: %s) has its remedy", (fault, managed, expected) => {
  const credential = { secretName: "ecr-pullthroughcache/hub", managed };
  const place = { environment: "shop", region: "eu-west-1", prefix: "docker-hub", credential };
  expect(secretRemedy(fault, place)).toBe(expected);
});
