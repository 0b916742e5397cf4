/*
 * Well-known registries that ECR's pull-through cache does not take as an upstream, so that nobody waits for a rule.
 * A host that is neither here nor in the catalogue of upstreams can't be cached either; it is just not well known.
 */

/** A registry that ECR can't cache. */
export interface UncacheableRegistry {
  readonly title: string;
  /** Its hosts. */
  readonly hosts: RegExp;
  /** Where users ask AWS for it, as `aws/containers-roadmap#N`. */
  readonly request?: string;
  /** Where the same images are found in a registry that ECR can cache. */
  readonly instead?: string;
}

/** Source of the requests: https://github.com/aws/containers-roadmap/issues */
export const uncacheableRegistries: readonly UncacheableRegistry[] = [
  {
    title: "the frozen Kubernetes registry",
    hosts: /^k8s\.gcr\.io$/,
    instead: "registry.k8s.io has the same images under the same names",
  },
  {
    title: "Google Container Registry",
    hosts: /^([a-z0-9-]+\.)?gcr\.io$/,
    request: "aws/containers-roadmap#1581",
  },
  {
    title: "Google Artifact Registry",
    hosts: /^[a-z0-9-]+-docker\.pkg\.dev$/,
    request: "aws/containers-roadmap#2722",
  },
  {
    title: "Microsoft Artifact Registry",
    hosts: /^mcr\.microsoft\.com$/,
  },
  {
    title: "Elastic's registry",
    hosts: /^docker\.elastic\.co$/,
    request: "aws/containers-roadmap#2339",
  },
  {
    title: "Docker Hardened Images",
    hosts: /^dhi\.io$/,
    request: "aws/containers-roadmap#2727",
  },
  { title: "NVIDIA's registry", hosts: /^nvcr\.io$/ },
  { title: "Red Hat's registry", hosts: /^registry\.(access\.redhat\.com|redhat\.io)$/ },
  { title: "Oracle's registry", hosts: /^container-registry\.oracle\.com$/ },
];

/** The entry of a host, if it is one that ECR is known not to cache. */
export function uncacheableRegistry(host: string): UncacheableRegistry | undefined {
  return uncacheableRegistries.find(({ hosts }) => hosts.test(host.toLowerCase()));
}
