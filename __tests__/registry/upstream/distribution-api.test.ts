import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../../ecr/user-error";
import { askUpstream, parseChallenge } from "../../../registry/upstream/distribution-api";

const DIGEST = `sha256:${"a".repeat(64)}`;

interface Request {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
}

/** Runs with a server; every request is noted. */
async function withServer<Result>(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse, url: string) => void,
  work: (url: string, requests: Request[]) => Promise<Result>,
): Promise<Result> {
  const requests: Request[] = [];
  let url = "";
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const { authorization, accept } = headers;
    requests.push({ method, path: incoming.url, authorization, accept });
    answer(incoming, outgoing, url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await work(url, requests);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const question = { registry: "registry.example", repository: "org/app", tag: "1.0" };
const credential = () => Promise.resolve({ username: "acme:bot", accessToken: "s3cr3t" });
const BASIC = `Basic ${Buffer.from("acme:bot:s3cr3t").toString("base64")}`;
const quick = { sleep: () => Promise.resolve(), timeout: 2_000 };

test("a registry that asks nobody who he is, and says no digest", async () => {
  await withServer(
    (_, outgoing) => outgoing.writeHead(200).end(),
    async (url, requests) => {
      const answer = await askUpstream(question, { ...quick, baseUrl: `${url}/` });
      expect(answer).toEqual({ ok: true });
      expect(requests).toEqual([
        {
          method: "HEAD",
          path: "/v2/org/app/manifests/1.0",
          authorization: undefined,
          accept:
            "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
        },
      ]);
    },
  );
});

test("a registry with Basic authentication gets the credential, and nobody's before", async () => {
  await withServer(
    ({ headers }, outgoing) => {
      if (headers.authorization === BASIC) {
        outgoing.writeHead(200, { "docker-content-digest": DIGEST }).end();
      } else outgoing.writeHead(401, { "www-authenticate": 'Basic realm="acme"' }).end();
    },
    async (url, requests) => {
      const options = { ...quick, baseUrl: url };
      expect(await askUpstream({ ...question, credential }, options)).toEqual({
        ok: true,
        digest: DIGEST,
      });
      expect(requests.map(({ authorization }) => authorization)).toEqual([undefined, BASIC]);
      expect(await askUpstream(question, options)).toEqual({
        ok: false,
        problem: "registry.example denies access without a credential (401)",
      });
    },
  );
});

test("a registry that refuses the credential is said to", async () => {
  await withServer(
    (_, outgoing) => outgoing.writeHead(401, { "www-authenticate": 'Basic realm="acme"' }).end(),
    async (url) => {
      const options = { ...quick, baseUrl: url };
      expect(await askUpstream({ ...question, credential }, options)).toEqual({
        ok: false,
        problem: "registry.example denies access with the rule's credential (401)",
      });
    },
  );
});

test("a token service that gives access_token, without a scope in the challenge", async () => {
  await withServer(
    ({ url: path = "", headers }, outgoing, url) => {
      if (path.startsWith("/token")) outgoing.end(JSON.stringify({ access_token: "given" }));
      else if (headers.authorization === "Bearer given") {
        outgoing.writeHead(200, { "docker-content-digest": DIGEST }).end();
      } else outgoing.writeHead(401, { "www-authenticate": `Bearer realm="${url}/token"` }).end();
    },
    async (url, requests) => {
      expect(await askUpstream(question, { ...quick, baseUrl: url })).toEqual({
        ok: true,
        digest: DIGEST,
      });
      expect(requests[1]!.path).toBe("/token?scope=repository%3Aorg%2Fapp%3Apull");
    },
  );
});

test("a redirect is followed, as registry.k8s.io answers with one", async () => {
  await withServer(
    ({ url: path }, outgoing) => {
      if (path === "/elsewhere") {
        outgoing.writeHead(200, { "docker-content-digest": DIGEST }).end();
      } else outgoing.writeHead(307, { location: "/elsewhere" }).end();
    },
    async (url) => {
      expect(await askUpstream(question, { ...quick, baseUrl: url })).toEqual({
        ok: true,
        digest: DIGEST,
      });
    },
  );
});

describe("no answer is told in a line:", () => {
  test("a server that fails three times", async () => {
    await withServer(
      (_, outgoing) => outgoing.writeHead(502).end(),
      async (url, requests) => {
        expect(await askUpstream(question, { ...quick, baseUrl: url })).toEqual({
          ok: false,
          problem: "registry.example answers with status 502",
        });
        expect(requests).toHaveLength(3);
      },
    );
  });

  test("nobody listens", async () => {
    const url = await withServer(
      () => undefined,
      (url) => Promise.resolve(url),
    );
    expect(await askUpstream(question, { ...quick, baseUrl: url })).toEqual({
      ok: false,
      problem: `${new URL(url).host} did not answer (ECONNREFUSED)`,
    });
  });

  test("a server that never answers", async () => {
    await withServer(
      () => undefined,
      async (url) => {
        expect(await askUpstream(question, { ...quick, timeout: 50, baseUrl: url })).toEqual({
          ok: false,
          problem: `${new URL(url).host} did not answer (timeout)`,
        });
      },
    );
  });

  test("a challenge without an address for tokens", async () => {
    await withServer(
      (_, outgoing) => outgoing.writeHead(401, { "www-authenticate": "Bearer" }).end(),
      async (url) => {
        expect(await askUpstream(question, { ...quick, baseUrl: url })).toEqual({
          ok: false,
          problem: "the registry does not name a valid token service",
        });
      },
    );
  });

  test("a credential that can't be read", async () => {
    await withServer(
      (_, outgoing) => outgoing.writeHead(401, { "www-authenticate": "Basic" }).end(),
      async (url) => {
        const unreadable = () => Promise.reject(new UserError("secret x: not found"));
        expect(
          await askUpstream({ ...question, credential: unreadable }, { ...quick, baseUrl: url }),
        ).toEqual({ ok: false, problem: "secret x: not found" });
      },
    );
  });
});

test("a credential is sent over no connection that others can read", async () => {
  // A registry behind TLS that sends its clients to a token service without.
  const fetched = jest.spyOn(global, "fetch").mockResolvedValue(
    new Response(null, {
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="http://auth.example/token"' },
    }),
  );
  const answer = await askUpstream({ ...question, credential }, quick);
  expect(answer).toEqual({
    ok: false,
    problem: "the registry asks for the credential to be sent unencrypted, to http://auth.example",
  });
  expect(fetched).toHaveBeenCalledTimes(1);
  fetched.mockRestore();
});

test.each([
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
    {
      scheme: "bearer",
      parameters: {
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scope: "repository:a/b:pull",
      },
    },
  ],
  ["BASIC Realm=acme", { scheme: "basic", parameters: { realm: "acme" } }],
  ['Bearer realm="a \\"b\\", c"', { scheme: "bearer", parameters: { realm: 'a "b", c' } }],
  ["Negotiate", undefined],
  ["", undefined],
])("the challenge %j", (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});
