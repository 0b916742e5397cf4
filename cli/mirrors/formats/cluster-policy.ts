import { DOCKER_HUB } from "../../../ecr/image-reference";
import { escapePattern } from "../../../ecr/pattern";
import type { Mirror } from "../json";
import { sourceOf } from "../mirrors";

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
export function kyvernoClusterPolicy(mirrors: readonly Mirror[]): string {
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
  return [
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
}
