import { type UpstreamName, upstreamOf } from "../ecr/upstreams";
import { MAX_SECRET_BYTES } from "./credential-secret";

/** What a token must look like. */
export const TOKEN_FORM = "the token alone, on one line, without white space";

/** The secret string that ECR reads. */
export function credentialText(username: string, accessToken: string): string {
  return JSON.stringify({ username, accessToken });
}

/**
 * Why a string can't be a token for an upstream, without showing it; undefined if it can.
 *
 * @param token What the user gave, without the line's end.
 */
export function tokenProblem(
  token: string,
  username: string,
  upstream: UpstreamName,
): string | undefined {
  const { tokenName = "token" } = upstreamOf(upstream);
  const problem = (found: string, allowed = TOKEN_FORM) =>
    `token: found ${found}; allowed: ${allowed}`;
  if (token === "") return problem("nothing");
  if (/[\r\n]/.test(token)) return problem("several lines");
  if (/\s/.test(token)) return problem("white space");
  if (/[^\x21-\x7e]/.test(token)) return problem("characters that are not ASCII");
  if (/^[{["']/.test(token)) return problem("JSON or quotes");
  // Source: https://docs.github.com/en/packages/learn-github-packages/introduction-to-github-packages
  if (upstream === "github-container-registry" && token.startsWith("github_pat_")) {
    return problem(
      "a fine-grained personal access token, which GitHub Packages does not accept",
      `a ${tokenName} with the scope read:packages`,
    );
  }
  const bytes = Buffer.byteLength(credentialText(username, token));
  if (bytes > MAX_SECRET_BYTES) {
    return problem(
      `${token.length} characters`,
      `a token with which the secret has at most ${MAX_SECRET_BYTES} bytes`,
    );
  }
  return undefined;
}
