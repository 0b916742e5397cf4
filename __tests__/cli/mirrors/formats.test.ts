import * as fc from "fast-check";
import { load } from "js-yaml";
import { cacheOf, cacheUri } from "../../../ecr/cache-uri";
import { defineEnvironment } from "../../../ecr/environment";
import {
  type MirrorFormat,
  mirrorFormats,
  mirrorsOf,
  replacementsOf,
} from "../../../cli/mirrors/formats";

const environment = defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "bot" } },
    { upstream: "k8s", prefix: "ROOT" },
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
const cache = cacheOf(environment, "us-east-1");
const mirrors = mirrorsOf(cache);
const print = (format: MirrorFormat) => mirrorFormats[format](mirrors);

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
      hosts: ["docker.io", "index.docker.io", "registry-1.docker.io"],
      cache: `${HOST}/docker-hub`,
    },
    { title: "Kubernetes", hosts: ["registry.k8s.io"], cache: HOST },
  ]);
});

test("the Renovate configuration says where new versions of a cached image are found", () => {
  const { text, notes } = print("renovate");
  expect(JSON.parse(text)).toEqual({
    registryAliases: {
      [`${HOST}/shared`]: `${ECR}/team-a`,
      [`${HOST}/docker-hub`]: "docker.io",
      [HOST]: "registry.k8s.io",
    },
  });
  expect(notes).toEqual([]);
});

test("the BuildKit configuration has mirrors of whole registries, and notes what it omits", () => {
  expect(print("buildkit")).toEqual({
    text: [
      '[registry."docker.io"]',
      `  mirrors = ["${HOST}/docker-hub"]`,
      "",
      '[registry."registry.k8s.io"]',
      `  mirrors = ["${HOST}"]`,
      "",
    ].join("\n"),
    notes: [
      `BuildKit can't mirror a part of a registry: ${ECR}/team-a is omitted`,
      expect.stringContaining("docker login"),
    ],
  });
});

test("the containerd configuration leads to the cache alone, so that no upstream gets ECR's token", () => {
  expect(print("containerd")).toEqual({
    text: [
      "# /etc/containerd/certs.d/docker.io/hosts.toml",
      `server = "https://${HOST}/v2/docker-hub"`,
      "override_path = true",
      "",
      `[host."https://${HOST}/v2/docker-hub"]`,
      '  capabilities = ["pull", "resolve"]',
      "  override_path = true",
      "",
      "# /etc/containerd/certs.d/registry.k8s.io/hosts.toml",
      `server = "https://${HOST}/v2"`,
      "override_path = true",
      "",
      `[host."https://${HOST}/v2"]`,
      '  capabilities = ["pull", "resolve"]',
      "  override_path = true",
      "",
    ].join("\n"),
    notes: [
      `containerd can't mirror a part of a registry: ${ECR}/team-a is omitted`,
      expect.stringContaining("matchImages"),
    ],
  });
});

test("the Helm values have one registry for all images, others in comments, and a note about the limits of that", () => {
  const { text, notes } = print("helm");
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
    ].join("\n"),
  );
  expect(load(text)).toEqual({ global: { imageRegistry: `${HOST}/docker-hub` } });
  expect(notes).toEqual([
    `global.imageRegistry can't mirror a part of a registry: ${ECR}/team-a is omitted`,
    expect.stringContaining("rewrite its values"),
  ]);
});

describe("the Kyverno policy", () => {
  interface Step {
    list: string;
    preconditions: { all: { key: string; operator: string; value: unknown }[] };
    patchStrategicMerge: { spec: Record<string, { name: string; image: string }[]> };
  }
  const policy = load(print("kyverno").text) as {
    kind: string;
    spec: { rules: { name: string; mutate: { foreach: Step[] } }[] };
  };
  const steps = policy.spec.rules.flatMap((rule) => rule.mutate.foreach);

  test("the Kyverno policy has a rule for each mirror, and steps for every kind of container", () => {
    expect(policy.kind).toBe("ClusterPolicy");
    expect(policy.spec.rules.map(({ name }) => name)).toEqual([
      "444444444444-dkr-ecr-us-east-1-amazonaws-com-team--1",
      "docker-io-2",
      "registry-k8s-io-3",
    ]);
    expect(new Set(steps.flatMap((step) => Object.keys(step.patchStrategicMerge.spec)))).toEqual(
      new Set(["containers", "initContainers", "ephemeralContainers"]),
    );
  });

  test("the Kyverno policy matches and replaces by the same pattern", () => {
    for (const step of steps) {
      const [list] = Object.keys(step.patchStrategicMerge.spec);
      expect(step.list).toBe(`request.object.spec.${list} || \`[]\``);
      const [looks] = step.preconditions.all;
      const form = /^\{\{ regex_match\('(.*)', '\{\{ element\.image \}\}'\) \}\}$/.exec(
        looks?.key ?? "",
      )?.[1];
      const image = step.patchStrategicMerge.spec[list!]?.[0]?.image ?? "";
      expect(form).toBeDefined();
      expect(image).toContain(`regex_replace_all('${form}', '{{ element.image }}', '`);
      expect(() => new RegExp(form!)).not.toThrow();
    }
  });

  test("the Kyverno policy maps every name as the cache does", () => {
    const forms = mirrors
      .flatMap(replacementsOf)
      .map(({ form, by }) => ({ form: new RegExp(form), by }));
    const byPolicy = (image: string): string | null => {
      const found = forms.filter(({ form }) => form.test(image) && !image.startsWith("localhost/"));
      expect(found.length).toBeLessThanOrEqual(1);
      return found[0] ? image.replace(found[0].form, found[0].by) : null;
    };
    const component = fc.stringMatching(/^[a-z0-9]{1,5}([-_][a-z0-9]{1,3})?$/);
    const image = fc
      .tuple(
        fc.constantFrom(
          ...["", "docker.io/", "index.docker.io/", "registry.k8s.io/", "quay.io/", "localhost/"],
          ...["localhost:5000/", "r.example:5000/", `${ECR}/team-a/`, `${ECR}/team-b/`],
          `${HOST}/docker-hub/`,
        ),
        fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
        fc.constantFrom(
          "",
          ":1.25",
          ":v1_x",
          `@sha256:${"a".repeat(64)}`,
          `:1@sha256:${"a".repeat(64)}`,
        ),
      )
      .map((parts) => parts.join(""))
      // These are caught by another rule of the cache, which a policy can't know.
      .filter(
        (name) =>
          !/^(docker\.io\/|index\.docker\.io\/|registry\.k8s\.io\/)?(shared|docker-hub)\//.test(
            name,
          ),
      );
    fc.assert(
      fc.property(image, (name) => {
        expect(byPolicy(name)).toBe(cacheUri(name, cache).cacheUri);
      }),
      { numRuns: 500 },
    );
  });
});
