import { type DnsSuffix, parseRegistryHost, registryHost } from "./region";

/** The form of the registries of an upstream at which every customer has a registry of their own. */
interface CustomerRegistry<Host extends string = string> {
  /** Whether ECR accepts a host as a registry of this upstream. */
  readonly isHost: (host: string) => host is Host;
  /** The form in words, for messages. */
  readonly form: string;
  readonly example: Host;
}

/** An upstream registry of ECR's pull-through cache. */
export interface Upstream {
  /** The registry's common name. */
  readonly title: string;
  /** The exact upstream URL that ECR accepts. Absent where every customer has a registry of their own. */
  readonly url?: string;
  /** The customer's own registry, which the environment names. Absent where there is a `url`. */
  readonly registry?: CustomerRegistry;
  /** The repository prefix of a rule that names none. */
  readonly defaultPrefix: string;
  /** What AWS's console proposes, where that is another one. */
  readonly consolePrefix?: string;
  /**
   * Whether a rule must have a Secrets Manager credential. `forbidden`: ECR pulls anonymously, and whether it would
   * honour a credential is not documented.
   */
  readonly credential: "required" | "forbidden";
  /**
   * Whether anybody can register a name at the registry, so that a stranger may own the upstream name of an image of
   * yours.
   */
  readonly isOpen: boolean;
  /** The hosts that image names of this registry start with, the canonical one first; none for customers' registries. */
  readonly imageHosts: readonly string[];
  /** The registry's own name for the credential's token, for the description of its variable and for remedies. */
  readonly tokenName?: string;
  /** Where the registry documents how to create its credential, or what it serves. */
  readonly documentation: string;
}

function customerRegistry<Host extends string>(
  fits: (host: string) => boolean,
  form: string,
  example: Host,
): CustomerRegistry<Host> {
  return { isHost: (host): host is Host => fits(host), form, example };
}

/** Whether a host is that of a private registry, in the form that ECR takes for an upstream: of any partition. */
function isRegistryHost(host: string): boolean {
  const registry = parseRegistryHost(host);
  return registry !== undefined && registryHost(registry.account, registry.region) === host;
}

/**
 * The upstream registries that ECR's pull-through cache supports, by the name that ECR's API gives them
 * (`UpstreamRegistry` in the API reference). Everything that depends on an upstream reads this table.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html and
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html
 */
export const upstreams = {
  "docker-hub": {
    title: "Docker Hub",
    url: "registry-1.docker.io",
    defaultPrefix: "docker-hub",
    credential: "required",
    isOpen: true,
    imageHosts: ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"],
    tokenName: "access token",
    documentation: "https://docs.docker.com/security/access-tokens/",
  },
  "ecr-public": {
    title: "Amazon ECR Public",
    url: "public.ecr.aws",
    defaultPrefix: "ecr-public",
    credential: "forbidden",
    isOpen: true,
    imageHosts: ["public.ecr.aws"],
    documentation: "https://docs.aws.amazon.com/AmazonECR/latest/public/what-is-ecr.html",
  },
  quay: {
    title: "Quay",
    url: "quay.io",
    defaultPrefix: "quay",
    credential: "forbidden",
    isOpen: true,
    imageHosts: ["quay.io"],
    documentation: "https://docs.quay.io/",
  },
  k8s: {
    title: "Kubernetes",
    url: "registry.k8s.io",
    defaultPrefix: "kubernetes",
    credential: "forbidden",
    isOpen: false,
    imageHosts: ["registry.k8s.io"],
    documentation: "https://github.com/kubernetes/registry.k8s.io",
  },
  "github-container-registry": {
    title: "GitHub Container Registry",
    url: "ghcr.io",
    defaultPrefix: "ghcr",
    consolePrefix: "github",
    credential: "required",
    isOpen: true,
    imageHosts: ["ghcr.io"],
    tokenName: "personal access token (classic)",
    documentation:
      "https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry",
  },
  "gitlab-container-registry": {
    title: "GitLab Container Registry",
    url: "registry.gitlab.com",
    defaultPrefix: "gitlab",
    credential: "required",
    isOpen: true,
    imageHosts: ["registry.gitlab.com"],
    tokenName: "deploy or personal access token",
    documentation:
      "https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/",
  },
  chainguard: {
    title: "Chainguard",
    url: "cgr.dev",
    defaultPrefix: "chainguard",
    credential: "required",
    isOpen: false,
    imageHosts: ["cgr.dev"],
    tokenName: "pull token",
    documentation:
      "https://edu.chainguard.dev/chainguard/chainguard-images/chainguard-registry/authenticating/",
  },
  "azure-container-registry": {
    title: "Azure Container Registry",
    registry: customerRegistry<`${string}.azurecr.io`>(
      (host) => /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*\.azurecr\.io$/.test(host),
      "the registry's login server",
      "acme.azurecr.io",
    ),
    defaultPrefix: "azure",
    credential: "required",
    isOpen: false,
    imageHosts: [],
    tokenName: "token password",
    documentation:
      "https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions",
  },
  ecr: {
    title: "Amazon ECR private registry",
    registry: customerRegistry<`${string}.dkr.ecr.${string}.${DnsSuffix}`>(
      isRegistryHost,
      "a private registry's host",
      "444444444444.dkr.ecr.us-east-1.amazonaws.com",
    ),
    defaultPrefix: "ecr",
    credential: "forbidden",
    isOpen: false,
    imageHosts: [],
    documentation:
      "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html",
  },
} as const satisfies Record<string, Upstream>;

/** ECR's own name of an upstream registry. */
export type UpstreamName = keyof typeof upstreams;

/** Every upstream's name, in the catalogue's order. */
export const upstreamNames = Object.keys(upstreams) as UpstreamName[];

/** The catalogue's entry of an upstream, without the literal types of the table. */
export function upstreamOf(name: UpstreamName): Upstream {
  return upstreams[name];
}

/** The upstream that serves a host's images, by the form of the host; undefined for one that ECR accepts no rule for. */
export function upstreamOfHost(host: string): UpstreamName | undefined {
  const name = host.toLowerCase();
  return upstreamNames.find((candidate) => {
    const { imageHosts, registry } = upstreamOf(candidate);
    return imageHosts.includes(name) || registry?.isHost(name);
  });
}

/** The upstream that a rule's upstream URL means; undefined for one that ECR refuses. */
export function upstreamOfUrl(url: string): UpstreamName | undefined {
  return upstreamNames.find((candidate) => {
    const upstream = upstreamOf(candidate);
    return upstream.url === url || upstream.registry?.isHost(url);
  });
}

/** The hosts that the names of a rule's images start with, the canonical one first. */
export function imageHostsOf(rule: {
  readonly upstream: UpstreamName;
  readonly upstreamUrl: string;
}): readonly string[] {
  const { imageHosts } = upstreamOf(rule.upstream);
  return imageHosts.length > 0 ? imageHosts : [rule.upstreamUrl];
}
