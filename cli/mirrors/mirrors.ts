import type { Cache, CacheRule } from "../../ecr/cache-uri";
import { ROOT } from "../../ecr/prefix";
import { parseRegistryHost } from "../../ecr/region";
import { imageHostsOf, upstreamOf, upstreams } from "../../ecr/upstreams";
import type { Mirror } from "./json";

/** The upstreams of a cache, the most specific first. */
export function mirrorsOf(cache: Cache): Mirror[] {
  const mirrorOf = (rule: CacheRule): Mirror => {
    return {
      title: upstreamOf(rule.upstream).title,
      hosts: imageHostsOf(rule),
      ...(rule.upstreamPrefix !== undefined && { upstreamPrefix: rule.upstreamPrefix }),
      ...(rule.only && { only: [...rule.only] }),
      cache: rule.prefix === ROOT ? cache.host : `${cache.host}/${rule.prefix}`,
    };
  };
  return [...cache.rules]
    .sort((a, b) => (b.upstreamPrefix?.length ?? 0) - (a.upstreamPrefix?.length ?? 0))
    .map(mirrorOf);
}

/** The host in the names of a mirror's images. */
export function hostOf({ hosts }: Mirror): string {
  return hosts[0]!;
}

/** The start of the names of a mirror's images: the host, and the prefix of a part of a registry. */
export function sourceOf(mirror: Mirror): string {
  return [hostOf(mirror), mirror.upstreamPrefix].filter((part) => part !== undefined).join("/");
}

/** The host of the cache, and the path of a mirror in it; empty for a cache at the root. */
export function placeOf({ cache }: Mirror): { registry: string; path: string } {
  const [registry = "", ...path] = cache.split("/");
  return { registry, path: path.join("/") };
}

/** The base URL of the registry API of a mirror's repositories. */
export function endpointOf(mirror: Mirror): string {
  const { registry, path } = placeOf(mirror);
  return [`https://${registry}/v2`, path].filter(Boolean).join("/");
}

/** Why a format leaves out a mirror, in a sentence whose subject is the mirror; undefined for one that it has. */
export type Omission = (mirror: Mirror) => string | undefined;

/** For programs that know only whole registries. */
export const partsOfRegistries: Omission = ({ upstreamPrefix }) =>
  upstreamPrefix === undefined ? undefined : "is a part of a registry";

/**
 * For nodes that log in by the kubelet's ecr-credential-provider, which asks ECR Public, or the registry that an image names,
 * for a token, whatever the mirror.
 *
 * Source: https://github.com/kubernetes/cloud-provider-aws/blob/master/cmd/ecr-credential-provider/main.go
 */
const registriesOfEcr: Omission = (mirror) => {
  const host = hostOf(mirror);
  return host === upstreams["ecr-public"].url || parseRegistryHost(host)
    ? "gets no token for the cache from ecr-credential-provider"
    : undefined;
};

/** What mirrors of the nodes of a cluster leave out. */
export const onNodes: Omission = (mirror) => partsOfRegistries(mirror) ?? registriesOfEcr(mirror);
