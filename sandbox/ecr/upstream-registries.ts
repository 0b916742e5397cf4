import { parseRegistryHost } from "../../ecr/region";
import { type UpstreamName, upstreamOf, upstreamOfUrl } from "../../ecr/upstreams";
import { EcrException } from "./exceptions";

/* The upstream registries of the catalogue, as ECR answers about them. */

/** The upstream that a URL means: only the exact hosts are accepted. */
export function upstreamRegistryOf(url: string): UpstreamName {
  const upstream = upstreamOfUrl(url);
  if (upstream !== undefined) return upstream;
  // https://github.com/aws/containers-roadmap/issues/2841
  throw new EcrException(
    "UnsupportedUpstreamRegistryException",
    "The specified upstream registry isn't supported.",
  );
}

/** Whether a rule for the upstream must have a credential, also to pull public images. */
export function needsCredential(upstream: UpstreamName): boolean {
  return upstreamOf(upstream).credential === "required";
}

/** The account of a private registry of ECR. */
export function accountOf(url: string): string | undefined {
  return parseRegistryHost(url)?.account;
}
