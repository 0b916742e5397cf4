import { dump } from "js-yaml";
import { parseRegistryHost } from "../../../ecr/region";
import type { Mirror } from "../json";
import { endpointOf, hostOf, placeOf } from "../mirrors";

/** The files of containerd's mirrors, by path. */
function hostsFiles(mirrors: readonly Mirror[]): Record<string, string> {
  return Object.fromEntries(
    mirrors.map((mirror) => {
      const endpoint = endpointOf(mirror);
      /*
       * `server` is where containerd goes after the hosts, with the same credentials: were it the upstream, it would get
       * ECR's token whenever the cache fails. Both override_path are needed, and so is the table: containerd 1.6 ignores that
       * of `server` alone.
       */
      const lines = [
        `server = "${endpoint}"`,
        "override_path = true",
        "",
        `[host."${endpoint}"]`,
        '  capabilities = ["pull", "resolve"]',
        "  override_path = true",
      ];
      return [
        `/etc/containerd/certs.d/${hostOf(mirror)}/hosts.toml`,
        lines.map((line) => `${line}\n`).join(""),
      ];
    }),
  );
}

/** containerd: a `hosts.toml` for each registry. */
export function containerd(mirrors: readonly Mirror[]): string {
  return Object.entries(hostsFiles(mirrors))
    .map(([path, text]) => `# ${path}\n${text}`)
    .join("\n");
}

/** The kubelet: the credentials of the mirrors, of which there is at least one, by the hosts that images name. */
export function kubelet(mirrors: readonly Mirror[]): string {
  // A cache is always a registry of ECR.
  const { region } = parseRegistryHost(placeOf(mirrors[0]!).registry)!;
  const config = {
    apiVersion: "kubelet.config.k8s.io/v1",
    kind: "CredentialProviderConfig",
    providers: [
      {
        name: "ecr-credential-provider",
        apiVersion: "credentialprovider.kubelet.k8s.io/v1",
        defaultCacheDuration: "12h",
        matchImages: imagePatterns(mirrors),
        // For a host that is not ECR's, the provider asks the region of its environment.
        env: [{ name: "AWS_REGION", value: region }],
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The hosts that the kubelet asks ECR for a token for: ECR's own, as without the cache, and those of the mirrors. */
function imagePatterns(mirrors: readonly Mirror[]): string[] {
  return [
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr.ecr-fips.*.amazonaws.com",
    ...mirrors.map(hostOf),
  ];
}

const CREDENTIAL_PROVIDER_CONFIG = "/etc/ecr-cache/credential-provider.json";

/** EKS on Amazon Linux 2023: user data with containerd's files, the kubelet's, and the node's configuration. */
export function nodeadm(mirrors: readonly Mirror[]): string {
  const files = { ...hostsFiles(mirrors), [CREDENTIAL_PROVIDER_CONFIG]: kubelet(mirrors) };
  const script = Object.entries(files).flatMap(([path, text]) => [
    `mkdir -p ${path.slice(0, path.lastIndexOf("/"))}`,
    `cat > ${path} <<'EOF'`,
    `${text}EOF`,
  ]);
  const nodeConfig = {
    apiVersion: "node.eks.aws/v1alpha1",
    kind: "NodeConfig",
    // nodeadm appends these to its own, and the kubelet takes the last.
    spec: {
      kubelet: { flags: [`--image-credential-provider-config=${CREDENTIAL_PROVIDER_CONFIG}`] },
    },
  };
  return [
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="BOUNDARY"',
    "",
    "--BOUNDARY",
    'Content-Type: text/x-shellscript; charset="us-ascii"',
    "",
    "#!/bin/sh",
    "set -e",
    ...script,
    "",
    "--BOUNDARY",
    "Content-Type: application/node.eks.aws",
    "",
    dump(nodeConfig),
    "--BOUNDARY--",
    "",
  ].join("\n");
}

/** Bottlerocket: settings for a node's user data. */
export function bottlerocket(mirrors: readonly Mirror[]): string {
  const tables = mirrors.map((mirror) =>
    [
      "[[settings.container-registry.mirrors]]",
      `registry = "${hostOf(mirror)}"`,
      `endpoint = ["${endpointOf(mirror)}"]`,
      "",
    ].join("\n"),
  );
  const patterns = imagePatterns(mirrors).map((pattern) => `  "${pattern}",`);
  return [
    ...tables,
    "[settings.kubernetes.credential-providers.ecr-credential-provider]",
    "enabled = true",
    'cache-duration = "12h"',
    "image-patterns = [",
    ...patterns,
    "]",
    "",
  ].join("\n");
}

/** A value of each mirror, by the host in image names. */
function byHost<Value>(
  mirrors: readonly Mirror[],
  valueOf: (mirror: Mirror) => Value,
): Record<string, Value> {
  return Object.fromEntries(mirrors.map((mirror) => [hostOf(mirror), valueOf(mirror)]));
}

const print = (value: unknown) => dump(value, { lineWidth: -1 });

/** kOps: a part of the cluster's specification. */
export function kops(mirrors: readonly Mirror[]): string {
  return print({
    spec: {
      containerd: {
        registryMirrors: byHost(mirrors, (mirror) => [endpointOf(mirror)]),
        useECRCredentialsForMirrors: true,
      },
    },
  });
}

/** K3s and RKE2: `registries.yaml`. */
export function k3s(mirrors: readonly Mirror[]): string {
  return print({
    mirrors: byHost(mirrors, (mirror) => {
      const { registry, path } = placeOf(mirror);
      return {
        endpoint: [`https://${registry}`],
        ...(path !== "" && { rewrite: { "^(.*)$": `${path}/$1` } }),
      };
    }),
  });
}

/** Talos: a patch of the machine configuration. */
export function talos(mirrors: readonly Mirror[]): string {
  return print({
    machine: {
      registries: {
        mirrors: byHost(mirrors, (mirror) => ({
          endpoints: [endpointOf(mirror)],
          overridePath: true,
          skipFallback: true,
        })),
      },
    },
  });
}
