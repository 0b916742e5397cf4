import type { Cache, CacheRule } from "../../ecr/cache-uri";
import { DOCKER_HUB } from "../../ecr/image-reference";
import { ROOT } from "../../ecr/prefix";
import { imageHostsOf, upstreamOf } from "../../ecr/upstreams";
import { escapePattern } from "../../ecr/pattern";
import type { Mirror } from "./json";

/*
 * The cache as configuration for other programs, each as far as it can express it.
 */

/** A program's configuration, and what it can't express. */
export interface MirrorConfiguration {
  readonly text: string;
  /** One sentence for each thing to know. */
  readonly notes: readonly string[];
}

/** The upstreams of a cache, the most specific first. */
export function mirrorsOf(cache: Cache): Mirror[] {
  const mirrorOf = (rule: CacheRule): Mirror => {
    return {
      title: upstreamOf(rule.upstream).title,
      hosts: imageHostsOf(rule),
      ...(rule.upstreamPrefix !== undefined && { upstreamPrefix: rule.upstreamPrefix }),
      cache: rule.prefix === ROOT ? cache.host : `${cache.host}/${rule.prefix}`,
    };
  };
  return [...cache.rules]
    .sort((a, b) => (b.upstreamPrefix?.length ?? 0) - (a.upstreamPrefix?.length ?? 0))
    .map(mirrorOf);
}

const hostOf = ({ hosts }: Mirror): string => hosts[0]!;

const sourceOf = (mirror: Mirror): string =>
  [hostOf(mirror), mirror.upstreamPrefix].filter((part) => part !== undefined).join("/");

/** The mirrors of whole registries, and a note for each other one, for programs that can only mirror whole registries. */
function wholeRegistries(mirrors: readonly Mirror[], program: string) {
  const whole = mirrors.filter(({ upstreamPrefix }) => upstreamPrefix === undefined);
  const notes = mirrors
    .filter((mirror) => !whole.includes(mirror))
    .map(
      (mirror) => `${program} can't mirror a part of a registry: ${sourceOf(mirror)} is omitted`,
    );
  return { whole, notes };
}

/**
 * Renovate: where to look for new versions of cached images.
 * Source: https://docs.renovatebot.com/configuration-options/#registryaliases
 */
function renovate(mirrors: readonly Mirror[]): MirrorConfiguration {
  const registryAliases = Object.fromEntries(
    mirrors.map((mirror) => [mirror.cache, sourceOf(mirror)]),
  );
  return { text: `${JSON.stringify({ registryAliases }, null, 2)}\n`, notes: [] };
}

/** A pattern of image names and its replacement, in Go's syntax, which is JavaScript's as far as it is used here. */
export interface Replacement {
  readonly form: string;
  readonly by: string;
}

/** A component of a repository name that can't be a registry. */
const COMPONENT = "[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*";

/**
 * A mirror as replacements in image names. Kyverno does not add `library/` to image names, so each form of a Docker Hub name
 * has a replacement of its own.
 */
export function replacementsOf({ hosts, upstreamPrefix, cache }: Mirror): Replacement[] {
  const host = `(?:${hosts.map(escapePattern).join("|")})`;
  if (upstreamPrefix !== undefined) {
    return [{ form: `^${host}/${escapePattern(upstreamPrefix)}/(.+)$`, by: `${cache}/$1` }];
  }
  if (hosts[0] !== DOCKER_HUB) return [{ form: `^${host}/(.+)$`, by: `${cache}/$1` }];
  return [
    { form: `^(?:${host}/)?([^/]+)$`, by: `${cache}/library/$1` },
    { form: `^${host}/([^/]+/.+)$`, by: `${cache}/$1` },
    { form: `^(${COMPONENT}/.+)$`, by: `${cache}/$1` },
  ];
}

const CONTAINER_LISTS = ["containers", "initContainers", "ephemeralContainers"];

/** What one replacement does to one list of a pod's containers. */
function kyvernoStep(list: string, { form, by }: Replacement): string {
  // In double quotes, YAML has escapes of its own.
  const quoted = form.replaceAll("\\", "\\\\");
  return [
    `          - list: "request.object.spec.${list} || \`[]\`"`,
    "            preconditions:",
    "              all:",
    `                - key: "{{ regex_match('${quoted}', '{{ element.image }}') }}"`,
    "                  operator: Equals",
    "                  value: true",
    '                - key: "{{ element.image }}"',
    "                  operator: NotEquals",
    '                  value: "localhost/*"',
    "            patchStrategicMerge:",
    "              spec:",
    `                ${list}:`,
    '                  - name: "{{ element.name }}"',
    `                    image: "{{ regex_replace_all('${quoted}', '{{ element.image }}', '${by}') }}"`,
  ].join("\n");
}

/**
 * Kyverno: a policy that changes pods as they are admitted.
 * Source: https://kyverno.io/docs/policy-types/cluster-policy/mutate/
 */
function kyverno(mirrors: readonly Mirror[]): MirrorConfiguration {
  const rules = mirrors.map((mirror, at) => {
    const name = sourceOf(mirror)
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 50);
    const steps = CONTAINER_LISTS.flatMap((list) =>
      replacementsOf(mirror).map((replacement) => kyvernoStep(list, replacement)),
    );
    return [
      `    - name: ${name}-${at + 1}`,
      "      match:",
      "        any:",
      "          - resources:",
      "              kinds: [Pod, Pod/ephemeralcontainers]",
      "              operations: [CREATE, UPDATE]",
      "      mutate:",
      "        foreach:",
      ...steps,
    ].join("\n");
  });
  const text = [
    "apiVersion: kyverno.io/v1",
    "kind: ClusterPolicy",
    "metadata:",
    "  name: ecr-pull-through-cache",
    "  annotations:",
    "    pod-policies.kyverno.io/autogen-controllers: none",
    "spec:",
    "  background: false",
    "  rules:",
    ...rules,
    "",
  ].join("\n");
  return {
    text,
    notes: [
      "operators that compare their pods with their own specification may revert what a policy changes; rewriting the names in git is safer",
    ],
  };
}

/** Helm: charts that take a registry for all their images. */
function helm(mirrors: readonly Mirror[]): MirrorConfiguration {
  const { whole, notes } = wholeRegistries(mirrors, "global.imageRegistry");
  const [first, ...others] = whole;
  const entry = (mirror: Mirror, mark: string) => [
    `# For a chart whose images all come from ${hostOf(mirror)}:`,
    `${mark}global:`,
    `${mark}  imageRegistry: ${mirror.cache}`,
  ];
  const lines = [
    ...(first ? entry(first, "") : []),
    ...others.flatMap((mirror) => ["", ...entry(mirror, "# ")]),
  ];
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    notes: [
      ...notes,
      "global.imageRegistry is one registry for all images of a chart, and Docker Hub's official images need library/ in their repository: for any other chart, rewrite its values (ecr-cache rewrite values.yaml)",
    ],
  };
}

/** Where the registry API of a mirror's repositories begins: with the path of a cache, unlike its host alone. */
function endpointOf({ cache }: Mirror): string {
  const [registry, ...path] = cache.split("/");
  return ["https:/", registry, "v2", ...path].join("/");
}

/**
 * containerd: mirrors of the nodes of a cluster.
 *
 * `server` is where containerd goes after the hosts, with the same credentials: were it the upstream, it would get ECR's token
 * whenever the cache fails. Both override_path are needed, and so is the table: containerd 1.6 ignores that of `server` alone.
 *
 * Source: https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
function containerd(mirrors: readonly Mirror[]): MirrorConfiguration {
  const { whole, notes } = wholeRegistries(mirrors, "containerd");
  const files = whole.map((mirror) => {
    const endpoint = endpointOf(mirror);
    return [
      `# /etc/containerd/certs.d/${hostOf(mirror)}/hosts.toml`,
      `server = "${endpoint}"`,
      "override_path = true",
      "",
      `[host."${endpoint}"]`,
      '  capabilities = ["pull", "resolve"]',
      "  override_path = true",
      "",
    ].join("\n");
  });
  return {
    text: files.join("\n"),
    notes: [
      ...notes,
      "the nodes need credentials for the mirrors, by the hosts of the upstreams: list these in matchImages of the kubelet's ecr-credential-provider, 1.29 or newer",
    ],
  };
}

/**
 * BuildKit: mirrors of a builder.
 * Source: https://docs.docker.com/build/buildkit/toml-configuration/
 */
function buildkit(mirrors: readonly Mirror[]): MirrorConfiguration {
  const { whole, notes } = wholeRegistries(mirrors, "BuildKit");
  return {
    text: whole
      .map((mirror) => `[registry."${hostOf(mirror)}"]\n  mirrors = ["${mirror.cache}"]\n`)
      .join("\n"),
    notes: [
      ...notes,
      "builders must be logged in to the cache (docker login); if it does not answer, BuildKit silently pulls from the upstream",
    ],
  };
}

/** The programs that configuration can be printed for. */
export const mirrorFormats = { renovate, kyverno, helm, containerd, buildkit } as const;

export type MirrorFormat = keyof typeof mirrorFormats;
