import type { UpstreamRegistry } from "@aws-sdk/client-ecr";
import { EcrException } from "./exceptions";

/*
 * The upstream registries as ECR knows them. This is deliberately not the project's catalogue: the sandbox stands for
 * AWS, and must be able to refuse what the catalogue gets wrong.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
 */

const PUBLIC: Readonly<Record<string, UpstreamRegistry>> = {
  "public.ecr.aws": "ecr-public",
  "registry.k8s.io": "k8s",
  "quay.io": "quay",
  "registry-1.docker.io": "docker-hub",
  "ghcr.io": "github-container-registry",
  "registry.gitlab.com": "gitlab-container-registry",
  "cgr.dev": "chainguard",
};

const AZURE = /^[a-zA-Z0-9]+\.azurecr\.io$/;
const PRIVATE_ECR = /^([0-9]{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/;

const WITH_CREDENTIAL: readonly UpstreamRegistry[] = [
  "docker-hub",
  "github-container-registry",
  "gitlab-container-registry",
  "azure-container-registry",
  "chainguard",
];

/** Which registry a URL is; only these exact hosts are. */
export function upstreamRegistryOf(url: string): UpstreamRegistry {
  const known = Object.hasOwn(PUBLIC, url) ? PUBLIC[url] : undefined;
  if (known) return known;
  if (AZURE.test(url)) return "azure-container-registry";
  if (PRIVATE_ECR.test(url)) return "ecr";
  // https://github.com/aws/containers-roadmap/issues/2841
  throw new EcrException(
    "UnsupportedUpstreamRegistryException",
    "The specified upstream registry isn't supported.",
  );
}

/** Whether a rule for the registry must have a credential, also to pull public images. */
export function needsCredential(registry: UpstreamRegistry): boolean {
  return WITH_CREDENTIAL.includes(registry);
}

/** The account of a private registry of ECR. */
export function accountOf(url: string): string | undefined {
  return PRIVATE_ECR.exec(url)?.[1];
}
