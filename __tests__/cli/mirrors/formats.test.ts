import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { parse } from "smol-toml";
import { z } from "zod";
import { cacheOf } from "../../../ecr/cache-uri";
import { defineEnvironment } from "../../../ecr/environment";
import { configurationOf } from "../../../cli/mirrors/formats";
import { mirrorsOf } from "../../../cli/mirrors/mirrors";
import type { MirrorFormatName } from "../../../cli/mirrors/names";
import { inTemporaryDirectory } from "../../support/temporary-directory";

const environment = defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "bot" } },
    { upstream: "k8s", prefix: "ROOT" },
    { upstream: "ecr-public" },
    {
      upstream: "ecr",
      registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      prefix: "shared",
      upstreamPrefix: "team-a",
    },
  ],
});
const HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com";
const ECR = "444444444444.dkr.ecr.us-east-1.amazonaws.com";
const mirrors = mirrorsOf(cacheOf(environment, "us-east-1"));
const print = (format: MirrorFormatName) => configurationOf(format, mirrors);

const HUB_ENDPOINT = `https://${HOST}/v2/docker-hub`;
const ROOT_ENDPOINT = `https://${HOST}/v2`;

/** What the formats for nodes leave out here. */
const OMITTED_ON_NODES = [
  `${ECR}/team-a is a part of a registry: it is omitted.`,
  "public.ecr.aws gets no token for the cache from ecr-credential-provider: it is omitted.",
];

test("mirrors are the upstreams of an environment, the most specific first", () => {
  expect(mirrors).toEqual([
    {
      title: "Amazon ECR private registry",
      hosts: [ECR],
      upstreamPrefix: "team-a",
      cache: `${HOST}/shared`,
    },
    {
      title: "Docker Hub",
      hosts: ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"],
      cache: `${HOST}/docker-hub`,
    },
    { title: "Kubernetes", hosts: ["registry.k8s.io"], cache: HOST },
    { title: "Amazon ECR Public", hosts: ["public.ecr.aws"], cache: `${HOST}/ecr-public` },
  ]);
});

test("the Renovate configuration says where new versions of a cached image are found", () => {
  expect(JSON.parse(print("renovate").text)).toEqual({
    registryAliases: {
      [`${HOST}/shared`]: `${ECR}/team-a`,
      [`${HOST}/docker-hub`]: "docker.io",
      [HOST]: "registry.k8s.io",
      [`${HOST}/ecr-public`]: "public.ecr.aws",
    },
  });
});

test("registries.conf locates each registry, and each part of one, in the cache, without a mirror to fall back from", () => {
  expect(parse(print("registries.conf").text)).toEqual({
    registry: [
      { prefix: `${ECR}/team-a`, location: `${HOST}/shared` },
      { prefix: "docker.io", location: `${HOST}/docker-hub` },
      { prefix: "registry.k8s.io", location: HOST },
      { prefix: "public.ecr.aws", location: `${HOST}/ecr-public` },
    ],
  });
});

test("the BuildKit configuration has mirrors of whole registries, and notes what it omits", () => {
  const { text, notes } = print("buildkit");
  expect(parse(text)).toEqual({
    registry: {
      "docker.io": { mirrors: [`${HOST}/docker-hub`] },
      "registry.k8s.io": { mirrors: [HOST] },
      "public.ecr.aws": { mirrors: [`${HOST}/ecr-public`] },
    },
  });
  expect(notes[0]).toBe(`${ECR}/team-a is a part of a registry: it is omitted.`);
});

test("the containerd configuration leads to the cache alone, so that no upstream gets ECR's token", () => {
  const { text, notes } = print("containerd");
  const file = (host: string, endpoint: string) =>
    [
      `# /etc/containerd/certs.d/${host}/hosts.toml`,
      `server = "${endpoint}"`,
      "override_path = true",
      "",
      `[host."${endpoint}"]`,
      '  capabilities = ["pull", "resolve"]',
      "  override_path = true",
      "",
    ].join("\n");
  expect(text).toBe(
    `${file("docker.io", HUB_ENDPOINT)}\n${file("registry.k8s.io", ROOT_ENDPOINT)}`,
  );
  expect(notes.slice(0, 2)).toEqual(OMITTED_ON_NODES);
});

/** Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1/#kubelet-config-k8s-io-v1-CredentialProviderConfig */
const credentialProviderConfig = z.strictObject({
  apiVersion: z.literal("kubelet.config.k8s.io/v1"),
  kind: z.literal("CredentialProviderConfig"),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      apiVersion: z.literal("credentialprovider.kubelet.k8s.io/v1"),
      defaultCacheDuration: z.string().regex(/^\d+[hms]$/),
      matchImages: z.array(z.string()).min(1),
      env: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
    }),
  ),
});

test("the kubelet's configuration asks ECR's token for the hosts of the mirrors, of the cache's region", () => {
  const { providers } = credentialProviderConfig.parse(JSON.parse(print("kubelet").text));
  expect(providers).toEqual([
    expect.objectContaining({
      name: "ecr-credential-provider",
      matchImages: [
        "*.dkr.ecr.*.amazonaws.com",
        "*.dkr.ecr.*.amazonaws.com.cn",
        "*.dkr.ecr-fips.*.amazonaws.com",
        "docker.io",
        "registry.k8s.io",
      ],
      env: [{ name: "AWS_REGION", value: "us-east-1" }],
    }),
  ]);
});

test("the user data for nodeadm writes the files of containerd and the kubelet, and names the latter", () => {
  const parts = print("nodeadm")
    .text.split(/^--BOUNDARY(?:--)?\n/m)
    .map((part) => {
      const [headers = "", ...body] = part.split("\n\n");
      return { type: /Content-Type: ([^;\n]+)/.exec(headers)?.[1], body: body.join("\n\n") };
    });
  expect(parts.map(({ type }) => type)).toEqual([
    "multipart/mixed",
    "text/x-shellscript",
    "application/node.eks.aws",
    undefined,
  ]);

  const nodeConfig = load(parts[2]!.body);
  const [flag = ""] = z
    .strictObject({
      apiVersion: z.literal("node.eks.aws/v1alpha1"),
      kind: z.literal("NodeConfig"),
      spec: z.strictObject({ kubelet: z.strictObject({ flags: z.array(z.string()) }) }),
    })
    .parse(nodeConfig).spec.kubelet.flags;
  const config = /^--image-credential-provider-config=(.+)$/.exec(flag)?.[1] ?? "";

  inTemporaryDirectory((directory) => {
    const script = parts[1]!.body.replaceAll("/etc/", `${directory}/etc/`);
    const { status, stderr } = spawnSync("sh", { input: script, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const read = (file: string) => fs.readFileSync(path.join(directory, file), "utf8");
    expect(read(config)).toBe(print("kubelet").text);
    const hosts = ["docker.io", "registry.k8s.io"].map((host) => {
      const file = `/etc/containerd/certs.d/${host}/hosts.toml`;
      return `# ${file}\n${read(file).replaceAll(`${directory}/etc/`, "/etc/")}`;
    });
    expect(hosts.join("\n")).toBe(print("containerd").text);
  });
});

/** Source: https://bottlerocket.dev/en/os/latest/api/settings/ (container-registry, kubernetes). */
test("the Bottlerocket settings have the API root of each mirror, and the patterns of its credential provider", () => {
  expect(parse(print("bottlerocket").text)).toEqual({
    settings: {
      "container-registry": {
        mirrors: [
          { registry: "docker.io", endpoint: [HUB_ENDPOINT] },
          { registry: "registry.k8s.io", endpoint: [ROOT_ENDPOINT] },
        ],
      },
      kubernetes: {
        "credential-providers": {
          "ecr-credential-provider": {
            enabled: true,
            "cache-duration": "12h",
            "image-patterns": expect.arrayContaining(["docker.io", "registry.k8s.io"]) as unknown,
          },
        },
      },
    },
  });
});

test("the kOps specification has the API root of each mirror, and passes ECR's credentials to them", () => {
  expect(load(print("kops").text)).toEqual({
    spec: {
      containerd: {
        registryMirrors: { "docker.io": [HUB_ENDPOINT], "registry.k8s.io": [ROOT_ENDPOINT] },
        useECRCredentialsForMirrors: true,
      },
    },
  });
});

test("the registries.yaml of K3s and RKE2 rewrites each repository to its place in the cache", () => {
  const { mirrors: printed } = z
    .strictObject({
      mirrors: z.record(
        z.string(),
        z.strictObject({
          endpoint: z.array(z.string()),
          rewrite: z.record(z.string(), z.string()).optional(),
        }),
      ),
    })
    .parse(load(print("k3s").text));
  const place = (host: string, repository: string) => {
    const { endpoint, rewrite = {} } = printed[host]!;
    const rewritten = Object.entries(rewrite).reduce(
      (name, [pattern, by]) => name.replace(new RegExp(pattern), by),
      repository,
    );
    return `${endpoint.join(",")}/${rewritten}`;
  };
  expect(place("docker.io", "library/nginx")).toBe(`https://${HOST}/docker-hub/library/nginx`);
  expect(place("registry.k8s.io", "pause")).toBe(`https://${HOST}/pause`);
  expect(Object.keys(printed)).toHaveLength(2);
});

test("the Talos patch has mirrors without a fallback, and none of images that Talos pulls itself", () => {
  const { text, notes } = print("talos");
  expect(load(text)).toEqual({
    machine: {
      registries: {
        mirrors: {
          "docker.io": { endpoints: [HUB_ENDPOINT], overridePath: true, skipFallback: true },
        },
      },
    },
  });
  expect(notes).toContain(
    "registry.k8s.io has images that Talos pulls without the kubelet's credentials: it is omitted.",
  );
});

test("the Helm values have one registry for all images, and others in comments", () => {
  const { text } = print("helm");
  expect(text).toBe(
    [
      "# For a chart whose images all come from docker.io:",
      "global:",
      `  imageRegistry: ${HOST}/docker-hub`,
      "",
      "# For a chart whose images all come from registry.k8s.io:",
      "# global:",
      `#   imageRegistry: ${HOST}`,
      "",
      "# For a chart whose images all come from public.ecr.aws:",
      "# global:",
      `#   imageRegistry: ${HOST}/ecr-public`,
      "",
    ].join("\n"),
  );
  expect(load(text)).toEqual({ global: { imageRegistry: `${HOST}/docker-hub` } });
});
