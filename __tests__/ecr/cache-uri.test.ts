import * as fc from "fast-check";
import { cacheAt, cacheOf, cacheUri, repositoryOf } from "../../ecr/cache-uri";
import { defineEnvironment } from "../../ecr/environment";

const dev = defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1", "eu-west-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "bot" } },
    { upstream: "ecr-public" },
    { upstream: "quay", prefix: "mirrors/quay" },
    {
      upstream: "azure-container-registry",
      registry: "acme.azurecr.io",
      prefix: "acme-azure",
      credential: { username: "puller" },
    },
    {
      upstream: "ecr",
      registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      prefix: "shared",
      upstreamPrefix: "team-a",
    },
  ],
});
const other = defineEnvironment({
  name: "other",
  account: "222222222222",
  regions: ["us-west-2"],
  rules: [{ upstream: "quay" }],
});

const cache = cacheOf(dev, "us-east-1", [dev, other]);
const HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com";
const DIGEST = `sha256:${"0".repeat(64)}`;

describe("a rule with `only`", () => {
  const limited = cacheOf(
    defineEnvironment({
      name: "limited",
      account: "111111111111",
      regions: ["us-east-1"],
      rules: [
        {
          upstream: "docker-hub",
          credential: { username: "bot" },
          only: ["library/nginx", "grafana/*"],
        },
        { upstream: "quay", upstreamPrefix: "team", only: ["app"] },
        { upstream: "quay", prefix: "all-quay" },
      ],
    }),
    "us-east-1",
  );

  test.each([
    ["nginx:1.25", `${HOST}/docker-hub/library/nginx:1.25`],
    ["grafana/loki", `${HOST}/docker-hub/grafana/loki`],
    ["quay.io/team/app", `${HOST}/quay/app`],
    // The next rule of the upstream covers it.
    ["quay.io/team/tool", `${HOST}/all-quay/team/tool`],
  ])("has a cache name for %s, which it lists", (image, expected) => {
    expect(cacheUri(image, limited).cacheUri).toBe(expected);
  });

  test.each(["redis", "nginx/app", "grafanalabs/x"])("has none for %s", (image) => {
    expect(cacheUri(image, limited)).toEqual({
      cacheUri: null,
      why: "not-allowed",
      reason: "not allowed by `only` of the rule docker-hub",
    });
  });

  test.each([
    ["redis:7", "docker-hub", "library/redis"],
    ["nginx", "docker-hub", "library/nginx"],
    [`${HOST}/docker-hub/acme/app`, "docker-hub", "acme/app"],
    ["quay.io/team/tool", "quay", "tool"],
    ["ghcr.io/a/b", undefined, undefined],
  ])("`repositoryOf` knows the repository of %s, listed or not", (image, prefix, name) => {
    const found = repositoryOf(image, limited);
    expect([found?.rule.prefix, found?.name]).toEqual([prefix, name]);
  });
});

describe("an image of an upstream with a rule", () => {
  test.each([
    ["nginx", `${HOST}/docker-hub/library/nginx`],
    ["nginx:1.25", `${HOST}/docker-hub/library/nginx:1.25`],
    ["docker.io/nginx:1.25", `${HOST}/docker-hub/library/nginx:1.25`],
    ["index.docker.io/library/nginx", `${HOST}/docker-hub/library/nginx`],
    ["registry-1.docker.io/library/nginx", `${HOST}/docker-hub/library/nginx`],
    ["registry.hub.docker.com/library/nginx", `${HOST}/docker-hub/library/nginx`],
    ["bitnami/redis:7", `${HOST}/docker-hub/bitnami/redis:7`],
    [`redis:7@${DIGEST}`, `${HOST}/docker-hub/library/redis:7@${DIGEST}`],
    [`redis@${DIGEST}`, `${HOST}/docker-hub/library/redis@${DIGEST}`],
    ["public.ecr.aws/docker/library/alpine:3", `${HOST}/ecr-public/docker/library/alpine:3`],
    ["quay.io/prometheus/node-exporter", `${HOST}/mirrors/quay/prometheus/node-exporter`],
    ["Quay.IO/prometheus/node-exporter", `${HOST}/mirrors/quay/prometheus/node-exporter`],
    ["acme.azurecr.io/app:1", `${HOST}/acme-azure/app:1`],
    ["444444444444.dkr.ecr.us-east-1.amazonaws.com/team-a/app:1", `${HOST}/shared/app:1`],
    ["444444444444.dkr-ecr.us-east-1.on.aws/team-a/app:1", `${HOST}/shared/app:1`],
  ])("the image %s of an upstream with a rule has a cache name", (image, expected) => {
    expect(cacheUri(image, cache)).toMatchObject({ cacheUri: expected });
  });

  test("a cache name has the host of its region", () => {
    expect(cacheUri("nginx", cacheOf(dev, "eu-west-1")).cacheUri).toBe(
      "111111111111.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx",
    );
    expect(cacheUri("nginx", cacheOf(dev, "cn-north-1")).cacheUri).toBe(
      "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/docker-hub/library/nginx",
    );
  });
});

describe("an image without a cache name", () => {
  test.each([
    [
      `${HOST}/docker-hub/library/nginx:1`,
      "already-cached",
      "already a cache name (environment dev)",
    ],
    [
      "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mirrors/quay/a",
      "already-cached",
      "already a cache name (environment dev)",
    ],
    [
      "222222222222.dkr.ecr.us-west-2.amazonaws.com/quay/a/b@" + DIGEST,
      "already-cached",
      "already a cache name (environment other)",
    ],
    [`${HOST}/my-app:1`, "private-registry", `private registry ${HOST}`],
    [`${HOST}/docker-hubs/x`, "private-registry", `private registry ${HOST}`],
    [
      "999999999999.dkr.ecr.us-east-1.amazonaws.com/x",
      "private-registry",
      "private registry 999999999999.dkr.ecr.us-east-1.amazonaws.com",
    ],
    ["localhost/x", "private-registry", "private registry localhost"],
    ["localhost:5000/x", "private-registry", "private registry localhost:5000"],
    ["registry.acme.example/x", "private-registry", "private registry registry.acme.example"],
    [
      "444444444444.dkr.ecr.us-east-1.amazonaws.com/team-b/app",
      "no-rule",
      "no rule of environment dev for 444444444444.dkr.ecr.us-east-1.amazonaws.com covers this repository",
    ],
    [
      "444444444444.dkr.ecr.us-east-1.amazonaws.com/team-a",
      "no-rule",
      "no rule of environment dev for 444444444444.dkr.ecr.us-east-1.amazonaws.com covers this repository",
    ],
    [
      "ghcr.io/a/b",
      "no-rule",
      "environment dev has no rule for GitHub Container Registry (ghcr.io)",
    ],
    [
      "other.azurecr.io/a",
      "no-rule",
      "environment dev has no rule for Azure Container Registry (other.azurecr.io)",
    ],
    [
      "gcr.io/distroless/base",
      "uncacheable-registry",
      "ECR can't cache Google Container Registry (gcr.io): aws/containers-roadmap#1581",
    ],
    [
      "eu.gcr.io/p/i",
      "uncacheable-registry",
      "ECR can't cache Google Container Registry (eu.gcr.io): aws/containers-roadmap#1581",
    ],
    [
      "europe-docker.pkg.dev/p/r/i",
      "uncacheable-registry",
      "ECR can't cache Google Artifact Registry (europe-docker.pkg.dev): aws/containers-roadmap#2722",
    ],
    [
      "mcr.microsoft.com/dotnet/sdk:8.0",
      "uncacheable-registry",
      "ECR can't cache Microsoft Artifact Registry (mcr.microsoft.com)",
    ],
    [
      "k8s.gcr.io/pause:3.9",
      "uncacheable-registry",
      "ECR can't cache the frozen Kubernetes registry (k8s.gcr.io): registry.k8s.io has the same images under the same names",
    ],
    [
      `acme.azurecr.io/${"a".repeat(250)}`,
      "too-long",
      "its cache name would be longer than ECR takes (256 characters)",
    ],
  ])("%s has no cache name, and the reason is given", (image, why, reason) => {
    expect(cacheUri(image, cache)).toEqual({ cacheUri: null, why, reason });
  });
});

test("`cacheUri` throws for an invalid image name", () => {
  expect(() => cacheUri("nginx:", cache)).toThrow('image "nginx:": found the tag ""');
});

describe("of several rules for one upstream", () => {
  const ecr = "444444444444.dkr.ecr.us-east-1.amazonaws.com" as const;
  const environment = defineEnvironment({
    name: "many",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [
      { upstream: "ecr", registry: ecr, prefix: "all" },
      { upstream: "ecr", registry: ecr, prefix: "team-a", upstreamPrefix: "team-a" },
      { upstream: "ecr", registry: ecr, prefix: "web", upstreamPrefix: "team-a/web" },
    ],
  });
  test.each([
    ["x", "all/x"],
    ["team-a", "all/team-a"],
    ["team-ab/x", "all/team-ab/x"],
    ["team-a/x", "team-a/x"],
    ["team-a/web", "team-a/web"],
    ["team-a/web/x", "web/x"],
  ])("the most specific of several rules for one upstream applies to %s", (path, name) => {
    expect(cacheUri(`${ecr}/${path}`, cacheOf(environment, "us-east-1")).cacheUri).toBe(
      `${HOST}/${name}`,
    );
  });
});

describe("a rule of ROOT", () => {
  const environment = defineEnvironment({
    name: "root",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [
      {
        upstream: "docker-hub",
        prefix: "ROOT",
        allowPublicRoot: true,
        credential: { username: "bot" },
      },
      { upstream: "quay" },
    ],
  });
  const root = cacheOf(environment, "us-east-1");

  test("a rule of ROOT puts no prefix before the upstream's path", () => {
    expect(cacheUri("nginx:1", root).cacheUri).toBe(`${HOST}/library/nginx:1`);
  });

  test("a rule of ROOT makes every name of the registry a cache name", () => {
    expect(cacheUri(`${HOST}/library/nginx:1`, root)).toMatchObject({ why: "already-cached" });
  });

  test("a rule of ROOT leaves alone an image whose name belongs to another rule", () => {
    expect(cacheUri("quay/clair", root)).toEqual({
      cacheUri: null,
      why: "shadowed",
      reason: "its cache name would belong to the rule of prefix quay, which is for quay.io",
    });
  });
});

test("a name below a longer prefix belongs to the rule of that prefix", () => {
  const environment = defineEnvironment({
    name: "nested",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [
      { upstream: "quay", prefix: "mirror" },
      { upstream: "ecr-public", prefix: "mirror/public" },
    ],
  });
  const nested = cacheOf(environment, "us-east-1");
  expect(cacheUri("quay.io/team/x", nested).cacheUri).toBe(`${HOST}/mirror/team/x`);
  expect(cacheUri("public.ecr.aws/x", nested).cacheUri).toBe(`${HOST}/mirror/public/x`);
  expect(cacheUri("quay.io/public/x", nested)).toMatchObject({ cacheUri: null, why: "shadowed" });
});

describe("a registry that no environment describes", () => {
  const at = cacheAt("999999999999.dkr.ecr.us-east-1.amazonaws.com", undefined, [dev]);
  const host = "999999999999.dkr.ecr.us-east-1.amazonaws.com";

  test("a registry that no environment describes has every upstream under its default prefix", () => {
    const images = ["nginx", "public.ecr.aws/a", "quay.io/a", "ghcr.io/a/b", "registry.k8s.io/a"];
    expect(images.map((image) => cacheUri(image, at).cacheUri)).toEqual([
      `${host}/docker-hub/library/nginx`,
      `${host}/ecr-public/a`,
      `${host}/quay/a`,
      `${host}/ghcr/a/b`,
      `${host}/kubernetes/a`,
    ]);
  });

  test("a registry that no environment describes keeps its own names and those of the environments", () => {
    // The prefixes of this project, and the one that AWS's console proposes for GitHub.
    for (const name of ["quay/a", "ghcr/a/b", "github/a/b"]) {
      expect(cacheUri(`${host}/${name}`, at)).toMatchObject({
        why: "already-cached",
        reason: "already a cache name",
      });
    }
    expect(cacheUri(`${HOST}/docker-hub/a/b`, at)).toMatchObject({ why: "already-cached" });
  });

  test("a registry that no environment describes is named in the reason where it has no rule", () => {
    expect(cacheUri("acme.azurecr.io/x", at).reason).toBe(
      `${host} has no rule for Azure Container Registry (acme.azurecr.io)`,
    );
  });
});

test("a cache name has no cache name, so mapping twice changes nothing", () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  const image = fc
    .tuple(
      fc.constantFrom("", "docker.io/", "public.ecr.aws/", "quay.io/", "acme.azurecr.io/"),
      fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
      fc.constantFrom("", ":1", `@${DIGEST}`),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(image, (name) => {
      const first = cacheUri(name, cache);
      expect(first.cacheUri).toMatch(`${HOST}/`);
      expect(cacheUri(first.cacheUri ?? "", cache)).toMatchObject({ why: "already-cached" });
    }),
  );
});
