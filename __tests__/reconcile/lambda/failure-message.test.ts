import { failureNotification } from "../../../reconcile/lambda/failure-message";
import { pullThroughCacheEvent } from "../../support/lambda-fakes";

type Detail = NonNullable<Parameters<typeof pullThroughCacheEvent>[0]>;

const message = (detail: Detail, heldBack?: number) =>
  failureNotification(
    pullThroughCacheEvent({ "sync-status": "FAILED", ...detail }),
    "prod",
    heldBack,
  );

test("says which image, which upstream, what failed, what that means and what to do", () => {
  expect(
    message({
      "image-digest": "sha256:4aa08ef415aecc80814cb42fa41b658480779d80c77ab15d5d1e5e5b1f0b3d6a",
      "failure-code": "AccessDenied",
      "failure-reason": "incorrect username or password",
    }),
  ).toEqual({
    subject: "ECR cache prod: access denied: docker-hub/library/nginx:1.27",
    message: `A pull through the cache did not succeed. What is in the cache already is still served, as it was last synced.

Image:       docker-hub/library/nginx:1.27@sha256:4aa08ef415aecc80814cb42fa41b658480779d80c77ab15d5d1e5e5b1f0b3d6a
Upstream:    Docker Hub (registry-1.docker.io)
Environment: prod, account 111111111111, us-east-1
Time:        2026-11-24T02:36:48Z
Failure:     AccessDenied: incorrect username or password (status FAILED)

What it means: The upstream refused ECR: a credential that expired or was revoked, or one that may not read this image.
What to do:    Rotate the credential: create a new access token (https://docs.docker.com/security/access-tokens/), raise credential.version of the rule by one and deploy prod-credentials with it; or, if the environment names a secret of its own, put the token there. If other images of this upstream still work, the credential may not read this one, or the image's name is wrong: Docker Hub answers so for official images without "library/".

For an hour, no further message about this prefix and reason follows. More: docs/maintenance.md`,
  });
});

describe("what a failure means", () => {
  const cases: [code: string, reason: string, title: string, advice: string][] = [
    [
      "UnableToAccessSecretException",
      "access denied",
      "secret unreadable",
      "ecr-pullthroughcache/docker-hub",
    ],
    ["UnableToDecryptSecretValueException", "", "secret unreadable", "aws/secretsmanager"],
    ["SecretNotFoundException", "", "secret unreadable", "exists in this region"],
    ["TooManyRequests", "", "too many requests", "raise the limit of that account"],
    [
      "",
      "toomanyrequests: You have reached your pull rate limit",
      "too many requests",
      "ECR Public",
    ],
    ["UPSTREAM_ERROR", "429 from the upstream", "too many requests", "tries again"],
    ["UnauthorizedException", "", "access denied", "Rotate the credential"],
    ["Forbidden", "", "access denied", "Rotate the credential"],
    [
      "",
      "authentication to the upstream registry failed",
      "access denied",
      "Rotate the credential",
    ],
    ["UpstreamError", "HTTP 403", "access denied", "Rotate the credential"],
    ["ImageNotFoundException", "", "not found", "library/"],
    ["", "manifest unknown: Requested image not found", "not found", "Correct the name"],
    ["LimitExceededException", "images per repository", "limit reached", "Service Quotas"],
    ["KmsException", "", "repository not made", "KMS key"],
    ["UpstreamUnavailable", "", "upstream unavailable", "status page of Docker Hub"],
    ["", "connection timed out", "upstream unavailable", "wait"],
    ["", "502 Bad Gateway", "upstream unavailable", "wait"],
    ["Whatever", "something new", "unknown failure", "error-pullthroughcache"],
    ["", "", "unknown failure", "error-pullthroughcache"],
  ];
  test.each(cases)("%s (%s): %s", (code, reason, title, advice) => {
    const { subject, message: text } = message({
      "failure-code": code || undefined,
      "failure-reason": reason || undefined,
    });
    expect(subject).toBe(`ECR cache prod: ${title}: docker-hub/library/nginx:1.27`);
    expect(text).toContain(advice);
    expect(text).toContain(
      `Failure:     ${code || "no code"}: ${reason || "no reason given"} (status FAILED)`,
    );
  });

  test("goes by the code, and by the reason only where no code is known", () => {
    const { subject } = message({
      "failure-code": "TooManyRequests",
      "failure-reason": "access denied",
    });
    expect(subject).toContain("too many requests");
  });

  test("does not tell to rotate a credential that there is none of", () => {
    const { message: text } = message({
      "upstream-registry-url": "quay.io",
      "failure-code": "AccessDenied",
    });
    expect(text).toContain("Upstream:    Quay (quay.io)");
    expect(text).toContain("ECR pulls from Quay without a credential");
    expect(text).not.toContain("Rotate");
  });

  test("points to the other account's policy for an upstream in ECR", () => {
    const { message: text } = message({
      "upstream-registry-url": "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      "failure-code": "AccessDenied",
    });
    expect(text).toContain("Amazon ECR private registry");
    expect(text).toContain("repository policy still lets this account in");
  });

  test("knows a customer's own registry at a vendor", () => {
    const { message: text } = message({
      "upstream-registry-url": "acme.azurecr.io",
      "failure-code": "AccessDenied",
    });
    expect(text).toContain("Upstream:    Azure Container Registry (acme.azurecr.io)");
    expect(text).toContain("create a new token password");
  });

  test("has something to say about an upstream that it does not know", () => {
    const { message: text } = message({
      "upstream-registry-url": "registry.example",
      "failure-code": "AccessDenied",
    });
    expect(text).toContain("Upstream:    registry.example");
    expect(text).toContain("create a new token, raise credential.version");
  });
});

describe("the subject", () => {
  test("is at most 100 printable ASCII characters on one line", () => {
    const { subject } = message({
      "repository-name": `docker-hub/${"long/".repeat(40)}end`,
      "image-tag": "café\nx",
      "failure-code": "AccessDenied",
    });
    expect(subject).toHaveLength(100);
    expect(subject).toMatch(/^[\x20-\x7e]+\.\.\.$/);
    expect(message({ "image-tag": "caf\u00e9\nx" }).subject).toBe(
      "ECR cache prod: unknown failure: docker-hub/library/nginx:caf x",
    );
  });
});

test("leaves out what the event does not say", () => {
  const { message: text } = message({
    "upstream-registry-url": undefined,
    "image-tag": undefined,
    "ecr-repository-prefix": undefined,
  });
  expect(text).toContain("Image:       docker-hub/library/nginx\n");
  expect(text).toContain("Upstream:    not said");
  expect(text).not.toContain("undefined");
});
