import type { UpstreamName } from "../../ecr/upstreams";
import { credentialProblems } from "../../registry/credential-secret";
import { credentialText, tokenProblem } from "../../registry/token";

const FORM = "the token alone, on one line, without white space";

test("what is put is what ECR reads", () => {
  expect(credentialProblems(credentialText("bot", "dckr_pat_x"), "bot")).toEqual([]);
});

test.each<[string, UpstreamName]>([
  ["dckr_pat_abcDEF-123_", "docker-hub"],
  ["ghp_abc", "github-container-registry"],
  ["github_pat_abc", "docker-hub"],
  ["a".repeat(65_000), "chainguard"],
])("a token for an upstream (%#)", (token, upstream) => {
  expect(tokenProblem(token, "bot", upstream)).toBeUndefined();
});

test.each([
  ["", `nothing; allowed: ${FORM}`],
  ["secret\nsecret", `several lines; allowed: ${FORM}`],
  ["Bearer secret", `white space; allowed: ${FORM}`],
  ["secret\u00e9", `characters that are not ASCII; allowed: ${FORM}`],
  ['{"accessToken":"secret"}', `JSON or quotes; allowed: ${FORM}`],
  ['"secret"', `JSON or quotes; allowed: ${FORM}`],
  [
    "secret".repeat(11_000),
    "66000 characters; allowed: a token with which the secret has at most 65536 bytes",
  ],
])("what is no token is refused without a word of it (%#)", (token, problem) => {
  const found = tokenProblem(token, "bot", "docker-hub");
  expect(found).toBe(`token: found ${problem}`);
  if (token.length < 100) expect(found).not.toContain("secretsecret");
});

test("GitHub's registry takes no fine-grained token", () => {
  expect(tokenProblem("github_pat_abc", "bot", "github-container-registry")).toBe(
    "token: found a fine-grained personal access token, which GitHub Packages does not accept; allowed: a personal access token (classic) with the scope read:packages",
  );
});
