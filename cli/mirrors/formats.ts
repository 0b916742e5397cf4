import { kubernetes, kyverno } from "./formats/admission";
import { buildkit, helm, registriesConf, renovate } from "./formats/clients";
import { kyvernoClusterPolicy } from "./formats/cluster-policy";
import { bottlerocket, containerd, k3s, kops, kubelet, nodeadm, talos } from "./formats/nodes";
import type { Mirror } from "./json";
import { hostOf, type Omission, onNodes, partsOfRegistries, sourceOf } from "./mirrors";
import type { MirrorFormatName } from "./names";

/*
 * The cache as configuration for other programs, each as far as it can express it.
 */

interface MirrorFormat {
  /** The configuration for these mirrors, as a file or several. */
  readonly print: (mirrors: readonly Mirror[]) => string;
  /** What the format leaves out. Default: nothing. */
  readonly omits?: Omission;
  /** What it can't, in sentences that docs/mirrors.md has word for word. */
  readonly limits: readonly string[];
}

const BY_DIGEST =
  "An image by digest that nobody has pulled by its tag is not in the cache, and the pull fails: warm it first.";
const PAUSE_IMAGE =
  "containerd pulls the pause image without the kubelet's credentials: it must be on the node already, or in a registry without a mirror.";
const FALLBACK =
  "When the cache fails, the node pulls from the upstream without a message, and offers it ECR's token.";
const RECONCILED =
  "An operator that compares its pods with its own specification may revert the names: rewriting them in git is safer.";
const ON_FAILURE = "Where the policy itself fails, the image keeps its name.";

/** Talos pulls its own images and etcd's itself, without the kubelet's credentials. */
const imagesOfTalos: Omission = (mirror) =>
  ["ghcr.io", "registry.k8s.io"].includes(hostOf(mirror))
    ? "has images that Talos pulls without the kubelet's credentials"
    : onNodes(mirror);

/** The programs that configuration can be printed for. */
export const mirrorFormats: Readonly<Record<MirrorFormatName, MirrorFormat>> = {
  // https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
  "registries.conf": {
    print: registriesConf,
    limits: [
      BY_DIGEST,
      "A push to an upstream's name goes to the cache too, and ECR refuses it.",
      "skopeo inspect asks the upstream for its list of tags, without a login; skopeo inspect --no-tags does not.",
    ],
  },
  // https://github.com/containerd/containerd/blob/main/docs/hosts.md
  containerd: {
    print: containerd,
    omits: onNodes,
    limits: [
      "The nodes need credentials by the upstreams' hosts: the format kubelet prints them.",
      PAUSE_IMAGE,
      BY_DIGEST,
    ],
  },
  // https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
  kubelet: {
    print: kubelet,
    omits: onNodes,
    limits: [
      "ecr-credential-provider must be 1.29 or newer.",
      "Every pull of the listed hosts gets ECR's token: the nodes must have the mirrors of the format containerd, without a fallback to the upstream.",
    ],
  },
  // https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
  nodeadm: {
    print: nodeadm,
    omits: onNodes,
    limits: [
      "It is for Amazon Linux 2023; with an AMI of your own, the cluster's NodeConfig is another part of the user data.",
      BY_DIGEST,
    ],
  },
  // https://bottlerocket.dev/en/os/latest/api/settings/container-registry/
  bottlerocket: { print: bottlerocket, omits: onNodes, limits: [FALLBACK] },
  // https://kops.sigs.k8s.io/cluster_spec/#registry-mirrors
  kops: { print: kops, omits: onNodes, limits: [FALLBACK] },
  // https://docs.k3s.io/installation/private-registry
  k3s: {
    print: k3s,
    omits: onNodes,
    limits: [
      "K3s and RKE2 must run with disable-default-registry-endpoint: otherwise they pull from the upstream without a message when the cache fails, and offer it ECR's token.",
      PAUSE_IMAGE,
      BY_DIGEST,
    ],
  },
  // https://docs.siderolabs.com/talos/v1.11/reference/configuration/v1alpha1/config
  talos: {
    print: talos,
    omits: imagesOfTalos,
    limits: [PAUSE_IMAGE, BY_DIGEST],
  },
  // https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
  kubernetes: {
    print: kubernetes,
    limits: ["It needs Kubernetes 1.36.", ON_FAILURE, RECONCILED, BY_DIGEST],
  },
  // https://kyverno.io/docs/policy-types/mutating-policy/
  kyverno: {
    print: kyverno,
    limits: ["It needs Kyverno 1.17.", ON_FAILURE, RECONCILED, BY_DIGEST],
  },
  // https://kyverno.io/docs/policy-types/cluster-policy/mutate/
  "kyverno-cluster-policy": {
    print: kyvernoClusterPolicy,
    limits: [
      "Kyverno deprecated ClusterPolicy in 1.17 and plans to remove it in 1.20: use the format kyverno from 1.17 on.",
      "Images in volumes keep their names.",
      RECONCILED,
      BY_DIGEST,
    ],
  },
  // https://docs.docker.com/build/buildkit/toml-configuration/
  buildkit: {
    print: buildkit,
    omits: partsOfRegistries,
    limits: [
      "It needs BuildKit 0.12: an older one takes the path for a part of the host.",
      "The builder that docker build uses by default reads no such file.",
      "When the cache fails, or has no image of that digest, BuildKit pulls from the upstream without a message.",
    ],
  },
  // https://docs.renovatebot.com/configuration-options/#registryaliases
  renovate: {
    print: renovate,
    limits: ["Renovate's managers for Tekton and Cloud Build know no aliases."],
  },
  // https://helm.sh/docs/chart_template_guide/subcharts_and_globals/
  helm: {
    print: helm,
    omits: partsOfRegistries,
    limits: [
      "global.imageRegistry is one registry for all images of a chart, and no chart has to read it.",
      "Docker Hub's official images need library/ in their repository: rewrite the values of such a chart.",
    ],
  },
};

/** A program's configuration, and what it can't express: one sentence each. */
export interface MirrorConfiguration {
  readonly text: string;
  readonly notes: readonly string[];
}

/** The configuration of a program for these mirrors. */
export function configurationOf(
  name: MirrorFormatName,
  mirrors: readonly Mirror[],
): MirrorConfiguration {
  const { print, omits = () => undefined, limits } = mirrorFormats[name];
  const omitted = mirrors.flatMap((mirror) => {
    const reason = omits(mirror);
    return reason === undefined ? [] : [`${sourceOf(mirror)} ${reason}: it is omitted.`];
  });
  const kept = mirrors.filter((mirror) => omits(mirror) === undefined);
  const limited = kept.flatMap((mirror) =>
    mirror.only
      ? [
          `${sourceOf(mirror)}: a pull of what is not allowed by \`only\` (${mirror.only.join(", ")}) finds nothing in the cache.`,
        ]
      : [],
  );
  return {
    text: kept.length === 0 ? "" : print(kept),
    notes: [...omitted, ...limited, ...limits],
  };
}
