import { upstreamNames, upstreamOf } from "../../ecr/upstreams";

/** The table of ECR's documentation, once more: name, URL, default prefix, credential. */
test("the catalogue has the nine upstreams of ECR's documentation", () => {
  expect(
    Object.fromEntries(
      upstreamNames.map((name) => {
        const { url, defaultPrefix, credential } = upstreamOf(name);
        return [name, [url, defaultPrefix, credential]];
      }),
    ),
  ).toEqual({
    "docker-hub": ["registry-1.docker.io", "docker-hub", "required"],
    "ecr-public": ["public.ecr.aws", "ecr-public", "forbidden"],
    quay: ["quay.io", "quay", "forbidden"],
    k8s: ["registry.k8s.io", "kubernetes", "forbidden"],
    "github-container-registry": ["ghcr.io", "ghcr", "required"],
    "gitlab-container-registry": ["registry.gitlab.com", "gitlab", "required"],
    chainguard: ["cgr.dev", "chainguard", "required"],
    "azure-container-registry": [undefined, "azure", "required"],
    ecr: [undefined, "ecr", "forbidden"],
  });
});

describe.each(upstreamNames)("%s", (name) => {
  const upstream = upstreamOf(name);

  test("has either a URL and image hosts, or the form of its customers' registries", () => {
    const isOneRegistry = upstream.url !== undefined;
    expect(upstream.imageHosts.length > 0).toBe(isOneRegistry);
    expect(upstream.registryPattern === undefined).toBe(isOneRegistry);
    expect(upstream.registryForm === undefined).toBe(isOneRegistry);
  });

  test("has the example of its registry's form in that form", () => {
    const example = /"(.+)"/.exec(upstream.registryForm ?? "")?.[1];
    if (upstream.registryPattern) expect(example).toMatch(upstream.registryPattern);
    else expect(example).toBeUndefined();
  });

  test("has a name for its token where it takes a credential, and a page that explains", () => {
    expect(upstream.tokenName !== undefined).toBe(upstream.credential === "required");
    expect(new URL(upstream.documentation).protocol).toBe("https:");
  });
});

test.each([
  ["acme.azurecr.io", true],
  ["Acme1.azurecr.io", true],
  ["acme-h2d5.azurecr.io", true],
  ["azurecr.io", false],
  ["a.b.azurecr.io", false],
  ["-acme.azurecr.io", false],
  ["acme.azurecr.io/team", false],
])("%s is a registry of Azure: %s", (host, expected) => {
  expect(upstreamOf("azure-container-registry").registryPattern?.test(host)).toBe(expected);
});
