import { dump } from "js-yaml";
import { DOCKER_HUB, OFFICIAL_IMAGES } from "../../../ecr/image-reference";
import { escapePattern } from "../../../ecr/pattern";
import { upstreams } from "../../../ecr/upstreams";
import type { Mirror } from "../json";
import { sourceOf } from "../mirrors";

/*
 * Policies that rename the images of pods on admission, in the expression language of Kubernetes (CEL). Kyverno's is the one of
 * Kubernetes with a few fields more, so they share their text.
 */

const HUB = `^(?:${upstreams["docker-hub"].imageHosts.map(escapePattern).join("|")})/`;

/** Where the first component of a name is a registry. */
const REGISTRY = "^(?:localhost|[^/]*[.:A-Z][^/]*)/";

/** The cache name of an image `i`, or the image where no mirror has it. */
export function cacheNameExpression(mirrors: readonly Mirror[]): string {
  const text = (value: string) => JSON.stringify(value);
  // The name in Docker Hub, or nothing for an image of another registry.
  const inHub = `i.matches(${text(HUB)}) ? i.substring(i.indexOf("/") + 1) : i.matches(${text(REGISTRY)}) ? "" : i`;
  const full = `h == "" ? i : (h.contains("/") ? "${DOCKER_HUB}/" : "${DOCKER_HUB}/${OFFICIAL_IMAGES}") + h`;
  const cases = mirrors.map((mirror) => {
    const start = `${sourceOf(mirror)}/`;
    return `  n.startsWith(${text(start)}) ? ${text(`${mirror.cache}/`)} + n.substring(${start.length}) :\n`;
  });
  return [`[${inHub}]`, `.map(h, ${full})`, `.map(n,\n${cases.join("")}  i)[0]`].join("\n");
}

const LISTS = ["containers", "initContainers", "ephemeralContainers", "volumes"] as const;

/**
 * What is renamed of each list. A running pod is left alone: a new image restarts its container, and those of init containers
 * and volumes can't change.
 */
const RENAMED: Readonly<Record<(typeof LISTS)[number], string>> = {
  containers: `request.operation == "CREATE" ? object.spec.containers : []`,
  initContainers: `request.operation == "CREATE" && has(object.spec.initContainers) ? object.spec.initContainers : []`,
  ephemeralContainers: [
    `request.operation == "UPDATE" && has(object.spec.ephemeralContainers) ?`,
    "object.spec.ephemeralContainers.filter(c, !has(oldObject.spec.ephemeralContainers) ||",
    "  !oldObject.spec.ephemeralContainers.exists(o, o.name == c.name)) : []",
  ].join("\n"),
  volumes: [
    `request.operation == "CREATE" && has(object.spec.volumes) ?`,
    "object.spec.volumes.filter(v, has(v.image) && has(v.image.reference)) : []",
  ].join("\n"),
};

/** The image in an item of a list. */
const imageIn = (list: (typeof LISTS)[number]) =>
  list === "volumes" ? "v.image.reference" : "v.image";

function applied(list: (typeof LISTS)[number]): string {
  const cached = `variables.cached[variables.images.indexOf(${imageIn(list)})]`;
  const image =
    list === "volumes"
      ? `image: Object.spec.volumes.image{reference: ${cached}}`
      : `image: ${cached}`;
  return `${list}: variables.${list}.map(v, Object.spec.${list}{name: v.name, ${image}})`;
}

const NAME = "ecr-pull-through-cache";

function specification(mirrors: readonly Mirror[]) {
  const rule = (operation: string, resource: string) => ({
    apiGroups: [""],
    apiVersions: ["v1"],
    operations: [operation],
    resources: [resource],
  });
  return {
    matchConstraints: {
      resourceRules: [rule("CREATE", "pods"), rule("UPDATE", "pods/ephemeralcontainers")],
    },
    variables: [
      ...LISTS.map((name) => ({ name, expression: RENAMED[name] })),
      {
        name: "images",
        expression: LISTS.map((list) => `variables.${list}.map(v, ${imageIn(list)})`).join(" +\n"),
      },
      {
        name: "cached",
        expression: `variables.images.map(i, ${cacheNameExpression(mirrors)})`,
      },
    ],
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: `Object{spec: Object.spec{\n  ${LISTS.map(applied).join(",\n  ")}\n}}`,
        },
      },
    ],
    // Another policy may add containers after this one.
    reinvocationPolicy: "IfNeeded",
    // A cache is no reason to stop a cluster: the image keeps its name where the policy fails.
    failurePolicy: "Ignore",
  };
}

const print = (value: unknown) => dump(value, { lineWidth: -1 });

/** Kubernetes' own policy, and its binding. */
export function kubernetes(mirrors: readonly Mirror[]): string {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: NAME };
  return [
    { apiVersion, kind: "MutatingAdmissionPolicy", metadata, spec: specification(mirrors) },
    { apiVersion, kind: "MutatingAdmissionPolicyBinding", metadata, spec: { policyName: NAME } },
  ]
    .map(print)
    .join("---\n");
}

/** Kyverno's policy. */
export function kyverno(mirrors: readonly Mirror[]): string {
  return print({
    apiVersion: "policies.kyverno.io/v1",
    kind: "MutatingPolicy",
    metadata: { name: NAME },
    spec: {
      // Pods are renamed, whatever created them.
      autogen: { podControllers: { controllers: [] } },
      ...specification(mirrors),
    },
  });
}
