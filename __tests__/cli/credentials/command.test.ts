import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { putJson, statusJson } from "../../../cli/credentials/json";
import { main } from "../../../cli/main";
import { refuseCalls, useAccount, useVariables } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const SECRET = "ecr-pullthroughcache/docker-hub";
const TOKEN = "a-secret-token";
const NEW_TOKEN = "dckr_pat_new";

const account = useAccount(cache);
beforeEach(async () => {
  await account.makeRules(cache, "eu-west-1");
});

/** Pipes a token into `credentials put docker-hub`. */
async function put(...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const session = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    stdin: Readable.from([NEW_TOKEN]),
    exitCode: 0 as const,
  };
  const exitCode = await main(
    ["credentials", "put", "docker-hub", "--env", "cache", ...argv],
    session,
  );
  expect(written.stdout + written.stderr).not.toMatch(new RegExp(`${TOKEN}|${NEW_TOKEN}`));
  return { ...written, exitCode };
}

const tokenIn = (region: string): string => {
  const secret = account.secrets(region).read(SECRET);
  if (secret.state !== "present") throw new Error(secret.state);
  return (JSON.parse(secret.text) as { accessToken: string }).accessToken;
};

/** Plays auth.docker.io and registry-1.docker.io for the account of the secret. */
async function withDockerHub<Result>(
  headers: Readonly<Record<string, string>>,
  work: (seen: string[]) => Promise<Result>,
): Promise<Result> {
  const seen: string[] = [];
  const basic = `Basic ${Buffer.from(`acme-bot:${TOKEN}`).toString("base64")}`;
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers: sent } = incoming;
    seen.push(`${method} ${url.replace(/\?.*/, "")}`);
    if (url.startsWith("/token")) {
      const isKnown = sent.authorization === basic;
      outgoing.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ token: "a-bearer-token" }));
      return;
    }
    if (sent.authorization === "Bearer a-bearer-token") outgoing.writeHead(200, headers).end();
    else {
      const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
      outgoing
        .writeHead(401, {
          "www-authenticate": `Bearer realm="${realm}",service="registry.docker.io",scope="repository:ratelimitpreview/test:pull"`,
        })
        .end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const restore = useVariables({
    ECR_CACHE_UPSTREAM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  try {
    return await work(seen);
  } finally {
    restore();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("`credentials status`", () => {
  const status = async (...argv: string[]) => {
    const { stdout, stderr, exitCode } = await run(
      ...["credentials", "status", "--env", "cache", "--json", ...argv],
    );
    expect(stdout + stderr).not.toContain(TOKEN);
    return { credentials: parseJson(statusJson, stdout), exitCode };
  };

  test("asks Docker Hub with the token what it allows the account, and shows the token nowhere", async () => {
    const window = { "ratelimit-limit": "200;w=21600", "ratelimit-remaining": "150;w=21600" };
    await withDockerHub(window, async (seen) => {
      const { credentials, exitCode } = await status("--region", "us-east-1");
      expect(credentials).toMatchObject([
        {
          state: "working",
          detail: "150 of 200 pulls in 6 hours left at Docker Hub (a free account)",
          pullLimit: { account: "free", limit: 200, remaining: 150, windowHours: 6 },
        },
      ]);
      expect(exitCode).toBe(0);
      // A HEAD request is no pull.
      expect(seen).toEqual([
        "HEAD /v2/ratelimitpreview/test/manifests/latest",
        "GET /token",
        "HEAD /v2/ratelimitpreview/test/manifests/latest",
      ]);
    });
  });

  test("knows an account without a limit by Docker Hub's lack of headers", async () => {
    await withDockerHub({}, async () => {
      const { credentials } = await status("--region", "us-east-1");
      expect(credentials).toMatchObject([
        { pullLimit: { account: "unlimited", limit: null, remaining: null } },
      ]);
    });
  });

  test("asks no real registry with the secrets of a simulated account", async () => {
    const restore = useVariables({ ECR_CACHE_UPSTREAM_URL: "" });
    try {
      const { credentials } = await status("--region", "us-east-1");
      expect(credentials).toMatchObject([{ state: "working", detail: null, pullLimit: null }]);
    } finally {
      restore();
    }
  });

  test("finds the credentials of every region working", async () => {
    const { credentials, exitCode } = await status();
    expect(credentials).toEqual(
      ["us-east-1", "eu-west-1"].map((region) => ({
        region,
        prefix: "docker-hub",
        upstream: "docker-hub",
        secret: SECRET,
        managed: true,
        state: "working",
        changedAt: expect.any(String) as string,
        detail: "Docker Hub sets no limit on its pulls (a paid plan)",
        pullLimit: { account: "unlimited", limit: null, remaining: null, windowHours: null },
        remedy: null,
      })),
    );
    expect(exitCode).toBe(0);
  });

  test("says what to do about a secret that is missing, and still shows the other region", async () => {
    account
      .secrets("eu-west-1")
      .DeleteSecret({ SecretId: SECRET, ForceDeleteWithoutRecovery: "true" });
    const { credentials, exitCode } = await status();
    expect(credentials.map(({ region, state }) => [region, state])).toEqual([
      ["us-east-1", "working"],
      ["eu-west-1", "failed"],
    ]);
    expect(credentials[1]!.remedy).toContain("npx cdktf deploy cache-credentials");
    expect(exitCode).toBe(1);
  });

  test("does not check a credential without the permission to look at it", async () => {
    account.faults.add({ kind: "deny", action: "DescribeSecret" });
    const { credentials, exitCode } = await status("--region", "eu-west-1");
    expect(credentials[0]).toMatchObject({
      state: "not-checked",
      remedy: "grant the caller the permission, and try again",
    });
    expect(exitCode).toBe(1);
  });

  test("has nothing to show where no rule has a credential", async () => {
    expect(await run("credentials", "status", "--env", "neighbour")).toEqual({
      stdout: "",
      stderr: "No rule of environment neighbour has a credential.\n",
      exitCode: 0,
    });
  });
});

describe("`credentials put`", () => {
  test("writes the token to every region, and has ECR try it", async () => {
    const { stdout, stderr, exitCode } = await put("--json");
    expect(parseJson(putJson, stdout)).toEqual(
      ["us-east-1", "eu-west-1"].map((region) => ({
        region,
        prefix: "docker-hub",
        secret: SECRET,
        versionId: expect.any(String) as string,
        rule: "valid",
        detail: null,
        remedy: null,
      })),
    );
    expect(stderr).toMatch(/^The credentials stack writes this secret/);
    expect([exitCode, tokenIn("us-east-1"), tokenIn("eu-west-1")]).toEqual([
      0,
      NEW_TOKEN,
      NEW_TOKEN,
    ]);
  });

  test("says which regions have the token when one can't be written to", async () => {
    account.faults.add({ kind: "deny", action: "PutSecretValue", region: "eu-west-1" });
    const { stderr, exitCode } = await put();
    expect(stderr).toMatch(
      /^The new token is in us-east-1; eu-west-1 probably still has the earlier one\./,
    );
    expect([exitCode, tokenIn("us-east-1"), tokenIn("eu-west-1")]).toEqual([2, NEW_TOKEN, TOKEN]);
  });

  test("says that every region has the token when ECR can't be asked about one", async () => {
    const restore = refuseCalls(
      account,
      { __type: "InternalFailure", message: "try later" },
      ({ action, region }) => action === "ValidatePullThroughCacheRule" && region === "us-east-1",
    );
    const { stdout, stderr, exitCode } = await put("--json");
    restore();
    expect(parseJson(putJson, stdout).map(({ region, rule }) => [region, rule])).toEqual([
      ["us-east-1", "not-checked"],
      ["eu-west-1", "valid"],
    ]);
    expect(stderr).toContain(
      "The new token is in us-east-1, eu-west-1, but ECR could not be asked in us-east-1 whether it works.\n",
    );
    expect([exitCode, tokenIn("us-east-1"), tokenIn("eu-west-1")]).toEqual([
      2,
      NEW_TOKEN,
      NEW_TOKEN,
    ]);
  });

  test("does not fail where the permission to ask ECR is missing", async () => {
    account.faults.add({ kind: "deny", action: "ValidatePullThroughCacheRule", times: 100 });
    const { stdout, exitCode } = await put("--json");
    expect(parseJson(putJson, stdout).map(({ rule }) => rule)).toEqual([
      "not-checked",
      "not-checked",
    ]);
    expect(exitCode).toBe(1);
  });

  test.each([
    [["quay", "--env", "cache"], /found "quay", whose rule has no credential; allowed: docker-hub/],
    [["dockerhub", "--env", "cache"], /found "dockerhub"; allowed: docker-hub/],
    [["docker-hub", "token", "--env", "cache"], /takes only the upstream/],
  ])("refuses %j before any call", async (argv, message) => {
    account.calls.reset();
    const { stderr, exitCode } = await run("credentials", "put", ...argv);
    expect(stderr).toMatch(message);
    expect([exitCode, account.calls.list()]).toEqual([2, []]);
  });
});
