/** The programs that configuration can be printed for, in the order of docs/mirrors.md. */
export const formatNames = [
  "registries.conf",
  "containerd",
  "kubelet",
  "nodeadm",
  "bottlerocket",
  "kops",
  "k3s",
  "talos",
  "kubernetes",
  "kyverno",
  "kyverno-cluster-policy",
  "buildkit",
  "renovate",
  "helm",
] as const;

export type MirrorFormatName = (typeof formatNames)[number];

const REWRITE = "Rewrite the names instead (ecr-cache rewrite).";

/** Programs whose own setting cannot lead to a cache: why, and what does. */
export const unsupported: Readonly<Record<string, string>> = {
  docker: `Docker's registry-mirrors takes no path (20.10 does not start with one), sends no credentials and falls back to the upstream. ${REWRITE}`,
  kaniko: `Kaniko's registry-map and registry-mirror lose the library/ of Docker Hub's official images behind a path. ${REWRITE}`,
  testcontainers: `Testcontainers' hub.image.name.prefix omits the library/ of Docker Hub's official images, and ignores other registries. Write the cache name in the code (ecr-cache map).`,
  skaffold: `Skaffold's default-repo renames the images that it builds, not those that it pulls. ${REWRITE}`,
  jib: `Jib's registryMirrors are hosts without a path. Set jib.from.image to the cache name (ecr-cache map).`,
  ko: `ko has no mirrors. Set defaultBaseImage to the cache name (ecr-cache map).`,
  devcontainers: `Dev Containers has no mirrors. ${REWRITE}`,
  act: `act has no mirrors. Name its runner images by their cache names (act --platform), and rewrite the workflows (ecr-cache rewrite).`,
  dependabot: `Dependabot has no aliases: it looks for new versions in the cache, which contains only what somebody pulled. Use Renovate (--format renovate).`,
};
