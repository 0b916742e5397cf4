import { readFileSync } from "node:fs";
import { upstreamNames, upstreamOf } from "../../ecr/upstreams";

/** The table of ECR's documentation, once more: name, URL, default prefix, credential. */
test("the catalogue has the upstreams of ECR's documentation", () => {
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

describe.each(upstreamNames)("the upstream %s", (name) => {
  const upstream = upstreamOf(name);

  test(`the upstream ${name} has either a URL and image hosts, or registries of its customers`, () => {
    const isOneRegistry = upstream.url !== undefined;
    expect(upstream.imageHosts.length > 0).toBe(isOneRegistry);
    expect(upstream.registry === undefined).toBe(isOneRegistry);
  });

  test(`the upstream ${name} accepts the example of a customer's registry where it has one`, () => {
    const { registry } = upstream;
    expect(registry?.isHost(registry.example) ?? true).toBe(true);
  });

  test(`the upstream ${name} has a name for its token where it requires a credential, and a page that explains it`, () => {
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
])("whether %s is a registry of Azure: %s", (host, expected) => {
  expect(upstreamOf("azure-container-registry").registry?.isHost(host)).toBe(expected);
});

test("docs/upstreams.md has a row for each upstream of the catalogue", () => {
  const page = readFileSync("docs/upstreams.md", "utf8");
  const [, ...rows] = page.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  expect(
    cells.map(([, name, , url, prefix, credential]) => [
      name,
      url?.startsWith("registry: ") ? "registry" : url,
      prefix,
      credential,
    ]),
  ).toEqual(
    upstreamNames.map((name) => {
      const { url, defaultPrefix, credential } = upstreamOf(name);
      return [
        name,
        url ?? "registry",
        defaultPrefix,
        credential === "required" ? credential : "none",
      ];
    }),
  );
});
