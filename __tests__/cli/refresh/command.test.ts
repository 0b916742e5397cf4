import * as z from "zod";
import { refreshJson } from "../../../cli/refresh/json";
import { parseJson } from "../../support/contracts";
import { refuseCalls, useAccount, useVariables } from "../../support/account";
import { cache, sharing } from "../../support/registry-environments";
import { useUpstream } from "../../support/upstream-server";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);
const upstream = useUpstream(account);
beforeEach(() => {
  upstream.requests.length = 0;
  upstream.failures.length = 0;
  upstream.credentials.clear();
});

async function pull(repositoryName: string, imageTag: string): Promise<void> {
  await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });
}

async function refresh(...argv: string[]) {
  const result = await run("refresh", "--region", "us-east-1", ...argv, "--env", "cache");
  return result;
}

async function refreshed(...argv: string[]) {
  const { stdout, exitCode } = await refresh(...argv, "--json");
  return { outcomes: parseJson(refreshJson, stdout), exitCode };
}

test("several images, by upstream names and names in the cache, as a table in the order given", async () => {
  await pull("docker-hub/library/nginx", "1.25");
  await pull("quay/org/app", "2");
  account.upstream.set("docker.io/library/nginx:1.25", { revision: "2" });
  const host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
  const { stdout, stderr, exitCode } = await refresh(
    "nginx:1.25",
    `${host}/quay/org/app:2`,
    "quay/org/app:2",
    "docker-hub/library/redis",
  );
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(/^IMAGE +OLD +NEW +STATUS$/),
    expect.stringMatching(
      /^docker-hub\/library\/nginx:1\.25 +sha256:[0-9a-f]{12} +sha256:[0-9a-f]{12} +renewed$/,
    ),
    expect.stringMatching(/^quay\/org\/app:2 +sha256:\w{12} +sha256:\w{12} +unchanged$/),
    expect.stringMatching(/^docker-hub\/library\/redis:latest +- +sha256:\w{12} +pulled$/),
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
});

test("the upstream is asked for the manifest only, and without a credential where it gives it", async () => {
  await pull("docker-hub/library/nginx", "1.25");
  const { outcomes } = await refreshed("nginx:1.25");
  expect(outcomes[0]!.status).toBe("unchanged");
  expect(upstream.requests).toEqual([
    {
      method: "HEAD",
      path: "/registry-1.docker.io/v2/library/nginx/manifests/1.25",
      authorization: undefined,
    },
    {
      method: "GET",
      path: "/registry-1.docker.io/token?service=registry-1.docker.io&scope=repository%3Alibrary%2Fnginx%3Apull",
      authorization: undefined,
    },
    {
      method: "HEAD",
      path: "/registry-1.docker.io/v2/library/nginx/manifests/1.25",
      authorization: "Bearer anonymous repository:library/nginx:pull",
    },
  ]);
});

test("a private image is asked for with the rule's secret, which is printed nowhere", async () => {
  upstream.credentials.set("registry-1.docker.io", "acme-bot:a-secret-token");
  await pull("docker-hub/acme/app", "1");
  account.upstream.set("docker.io/acme/app:1", { revision: "2" });
  const { stdout, stderr, exitCode } = await refresh("acme/app:1");
  expect(stdout).toContain("renewed");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).not.toContain("a-secret-token");
});

test.each([
  [
    "a wrong token",
    JSON.stringify({ username: "acme-bot", accessToken: "expired" }),
    /denies access with the rule's credential|without a credential|no such tag/,
  ],
  [
    "something else than JSON",
    "s3cr3t",
    /secret ecr-pullthroughcache\/docker-hub: does not contain JSON with username and accessToken/,
  ],
  [
    "nothing",
    undefined,
    /secret ecr-pullthroughcache\/docker-hub: .*can't find the specified secret/,
  ],
])("a secret with %s is a refusal that does not show it", async (_, text, message) => {
  upstream.credentials.set("registry-1.docker.io", "acme-bot:a-secret-token");
  await pull("docker-hub/acme/app", "1");
  const SecretId = "ecr-pullthroughcache/docker-hub";
  if (text === undefined) {
    account.secrets().DeleteSecret({ SecretId, ForceDeleteWithoutRecovery: "true" });
  } else account.secrets().PutSecretValue({ SecretId, SecretString: text });
  const { stdout, stderr, exitCode } = await refresh("acme/app:1");
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(
    /^ecr-cache: docker-hub\/acme\/app:1: .*; nothing was changed \(--force continues anyway\)\n$/,
  );
  expect(stdout).toContain("refused");
  expect(exitCode).toBe(2);
  expect(stdout + stderr).not.toMatch(/s3cr3t|expired|a-secret-token/);
});

test.each([
  [[404], "quay.io has no such tag (404)"],
  [[429], "quay.io reports too many requests (429)"],
  [[403], "quay.io denies access without a credential (403)"],
  [[418], "quay.io answers with status 418"],
])(
  "an upstream that answers %j is a refusal, and nothing is deleted",
  async (statuses, problem) => {
    await pull("quay/org/app", "1");
    upstream.failures.push(...statuses);
    account.calls.reset();
    const { outcomes, exitCode } = await refreshed("quay.io/org/app:1");
    expect(outcomes).toEqual([
      expect.objectContaining({
        status: "refused",
        message: `${problem}; nothing was changed (--force continues anyway)`,
      }),
    ]);
    expect(exitCode).toBe(2);
    expect(account.calls.count({ action: "BatchDeleteImage" })).toBe(0);
  },
);

test("an upstream that fails once is asked again", async () => {
  await pull("quay/org/app", "1");
  upstream.failures.push(503);
  const { outcomes, exitCode } = await refreshed("quay.io/org/app:1");
  expect(outcomes[0]!.status).toBe("unchanged");
  expect(exitCode).toBe(0);
});

test("--force goes ahead without the upstream's answer", async () => {
  await pull("quay/org/app", "1");
  account.upstream.set("quay.io/org/app:1", { revision: "2" });
  upstream.failures.push(404);
  const { outcomes, exitCode } = await refreshed("quay.io/org/app:1", "--force");
  expect(outcomes[0]!.status).toBe("renewed");
  expect(exitCode).toBe(0);
});

test("--dry-run says what would be renewed, and changes nothing", async () => {
  await pull("quay/org/app", "1");
  account.upstream.set("quay.io/org/app:1", { revision: "2" });
  account.calls.reset();
  const { outcomes, exitCode } = await refreshed(
    "quay.io/org/app:1",
    "quay.io/org/new:1",
    "--dry-run",
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["would-renew", "would-pull"]);
  expect(outcomes[0]!.newDigest).not.toBe(outcomes[0]!.oldDigest);
  expect(exitCode).toBe(0);
  expect(
    account.calls.count({ action: "BatchDeleteImage" }) +
      account.calls.count({ action: "PutImage" }),
  ).toBe(0);
});

test("--delete-old names what was deleted", async () => {
  await pull("quay/org/app", "1");
  account.upstream.set("quay.io/org/app:1", { revision: "2" });
  const { outcomes } = await refreshed("quay.io/org/app:1", "--delete-old");
  expect(outcomes[0]!.deleted).toHaveLength(3);
  expect(outcomes[0]!.deleted[0]).toBe(outcomes[0]!.oldDigest);
});

test("a permission that is missing half way is a restored image, a message that names it, and exit code 2", async () => {
  await pull("quay/org/app", "1");
  account.upstream.set("quay.io/org/app:1", { revision: "2" });
  // Of the pulls: the first reads the cached image's manifest, the second is the one by the tag.
  const end = refuseCalls(
    account,
    {
      __type: "AccessDeniedException",
      message:
        "User: arn:x is not authorized to perform: ecr:BatchImportUpstreamImage on resource: arn:y because no identity-based policy allows it",
    },
    ({ action, text }) => action === "BatchGetImage" && text.includes("imageTag"),
  );
  const { stdout, stderr, exitCode } = await refresh("quay.io/org/app:1", "--json");
  end();
  const [outcome] = parseJson(refreshJson, stdout);
  expect(outcome).toMatchObject({ status: "restored", newDigest: outcome!.oldDigest });
  expect(stderr).toContain(
    `ecr-cache: quay/org/app:1: could not be pulled again (AWS: arn:x lacks the permission ecr:BatchImportUpstreamImage on arn:y`,
  );
  expect(stderr).toContain(`the old image ${outcome!.oldDigest} has its tag back`);
  expect(exitCode).toBe(2);
});

test("throttling is sat out", async () => {
  await pull("quay/org/app", "1");
  account.upstream.set("quay.io/org/app:1", { revision: "2" });
  account.faults.add({ kind: "throttle", action: "PutImage", times: 2 });
  account.faults.add({ kind: "cut-answer", action: "BatchDeleteImage" });
  const { outcomes, exitCode } = await refreshed("quay.io/org/app:1");
  expect(outcomes).toEqual([expect.objectContaining({ status: "renewed", message: null })]);
  expect(exitCode).toBe(0);
}, 30_000);

describe("an upstream that is a private registry of ECR's", () => {
  const REGION = "us-west-2";

  beforeEach(async () => {
    for (const { prefix, upstreamUrl, upstreamPrefix } of sharing.rules) {
      await account.call(
        "CreatePullThroughCacheRule",
        {
          ecrRepositoryPrefix: prefix,
          upstreamRegistryUrl: upstreamUrl,
          ...(upstreamPrefix && { upstreamRepositoryPrefix: upstreamPrefix }),
          customRoleArn: "arn:aws:iam::123456789012:role/upstream",
        },
        REGION,
      );
    }
  });

  async function dryRun(repositoryName: string) {
    await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag: "1" }] }, REGION);
    const { stdout, exitCode } = await run(
      ...["refresh", `${repositoryName}:1`, "--env", "sharing", "--dry-run", "--json"],
    );
    return { outcome: parseJson(refreshJson, stdout)[0]!, exitCode };
  }

  test("is asked by the API, in its region", async () => {
    await account.call("CreateRepository", { repositoryName: "team-a/org/app" }, "eu-west-1");
    const { image } = (await account.call(
      "PutImage",
      {
        repositoryName: "team-a/org/app",
        imageTag: "1",
        imageManifest: JSON.stringify({ schemaVersion: 2, config: { size: 1 }, layers: [] }),
        imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
      },
      "eu-west-1",
    )) as unknown as { image: { imageId: { imageDigest: string } } };
    const { outcome, exitCode } = await dryRun("ireland/org/app");
    expect(outcome).toMatchObject({
      status: "would-renew",
      newDigest: image.imageId.imageDigest,
      message: null,
    });
    expect(exitCode).toBe(0);
    expect(upstream.requests).toEqual([]);
  });

  test("that lets nobody in is a refusal", async () => {
    const { outcome, exitCode } = await dryRun("others/org/app");
    expect(outcome).toMatchObject({
      status: "refused",
      message: expect.stringMatching(
        /^999999999999\.dkr\.ecr\.eu-west-1\.amazonaws\.com: AWS: .* lacks the permission ecr:BatchGetImage .*; nothing was changed/,
      ) as string,
    });
    expect(exitCode).toBe(2);
  });
});

describe("wrong use is one line and exit code 2, before AWS is asked:", () => {
  test.each([
    [
      ["nginx@sha256:" + "0".repeat(64)],
      /has a digest, whose image never changes\. Name a tag instead/,
    ],
    [["Nginx"], /image "Nginx": found upper-case letters/],
    [
      ["ghcr.io/a/b:1"],
      /image "ghcr\.io\/a\/b:1": found no name in the cache: environment cache has no rule for GitHub Container Registry/,
    ],
    [
      ["123456789012.dkr.ecr.us-east-1.amazonaws.com/our-own-app:1"],
      /found the repository "our-own-app"; allowed: repositories under the prefixes of environment cache: docker-hub, quay, ecr-public/,
    ],
    [
      ["quay/team-b/app:1"],
      /image "quay\/team-b\/app:1": found that the repository "quay\/team-b\/app" belongs to another environment; allowed: images of environment cache/,
    ],
    [[], /missing required argument 'image'/],
  ])("%j", async (argv, message) => {
    account.calls.reset();
    const { stdout, stderr, exitCode } = await refresh(...argv);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ stdout, exitCode, calls: account.calls.list() }).toEqual({
      stdout: "",
      exitCode: 2,
      calls: [],
    });
  });

  test("a line for each image", async () => {
    const { stderr } = await refresh("Nginx", "ghcr.io/a/b:1");
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
  });

  test("an address that is none", async () => {
    const back = useVariables({ ECR_CACHE_UPSTREAM_URL: "mirror" });
    const { stderr, exitCode } = await refresh("nginx:1.25");
    back();
    expect(stderr).toBe(
      `ecr-cache: ECR_CACHE_UPSTREAM_URL: found "mirror"; allowed: an http or https URL, with {registry} for the registry's host\n`,
    );
    expect(exitCode).toBe(2);
  });
});

test("the help of `refresh` explains every status", async () => {
  const { stdout } = await run("refresh", "--help");
  for (const status of refreshJson(z).element.shape.status.options) {
    expect(stdout).toMatch(new RegExp(`^ {2}${status} {2,}\\w`, "m"));
  }
});
