import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FakeUpstream } from "../../sandbox/ecr/upstream";
import { type TestAccount, useVariables } from "./account";

/** One request that an upstream registry got. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** The sandbox's upstream registries over HTTP, each below the path of its host: `URL/quay.io/v2/…`. */
export interface UpstreamServer {
  /** For `ECR_CACHE_UPSTREAM_URL`. */
  readonly baseUrl: string;
  readonly requests: UpstreamRequest[];
  /** By registry, the `username:token` that it wants; others give a token to everybody. */
  readonly credentials: Map<string, string>;
  /** Statuses that the next requests for a manifest are answered with instead. */
  readonly failures: number[];
  close(): Promise<void>;
}

const STATUS = {
  unauthorized: 401,
  "access-denied": 403,
  "not-found": 404,
  "too-many-requests": 429,
  unavailable: 503,
} as const;

const ANONYMOUS = "anonymous";

/** Starts it, with token authentication in front of every registry. */
export async function startUpstream(upstream: () => FakeUpstream): Promise<UpstreamServer> {
  const requests: UpstreamRequest[] = [];
  const credentials = new Map<string, string>();
  const failures: number[] = [];

  const answer = async (
    { method = "", url = "", headers }: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> => {
    const { pathname, searchParams } = new URL(url, "http://registry");
    const { authorization } = headers;
    requests.push({ method, path: url, authorization });
    const [, registry = ""] = pathname.split("/");
    const wanted = credentials.get(registry);

    if (pathname.endsWith("/token")) {
      const given = /^Basic (.*)$/.exec(authorization ?? "")?.[1];
      const who = given === undefined ? ANONYMOUS : Buffer.from(given, "base64").toString();
      if (given !== undefined && who !== wanted) {
        outgoing.writeHead(401).end();
        return;
      }
      outgoing.end(JSON.stringify({ token: `${who} ${searchParams.get("scope")}` }));
      return;
    }

    const [, repository = "", tag = ""] =
      /^\/[^/]+\/v2\/(.*)\/manifests\/([^/]*)$/.exec(pathname) ?? [];
    const scope = `repository:${repository}:pull`;
    if (authorization === undefined) {
      outgoing
        .writeHead(401, {
          "www-authenticate": `Bearer realm="http://${headers.host}/${registry}/token",service="${registry}",scope="${scope}"`,
        })
        .end();
      return;
    }
    const failure = failures.shift();
    if (failure !== undefined) {
      outgoing.writeHead(failure).end();
      return;
    }
    if (authorization !== `Bearer ${wanted ?? ANONYMOUS} ${scope}`) {
      outgoing.writeHead(404).end();
      return;
    }
    const fetched = await upstream().fetch(registry, repository, tag);
    if (fetched.failure) outgoing.writeHead(STATUS[fetched.failure]).end();
    else {
      const image = fetched.images.at(-1);
      outgoing
        .writeHead(200, {
          "docker-content-digest": image?.digest ?? "",
          "content-type": image?.mediaType ?? "",
        })
        .end();
    }
  };

  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/{registry}`,
    requests,
    credentials,
    failures,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The upstream registries of an account over HTTP, for the tests of a file, whose commands ask them. */
export function useUpstream(account: TestAccount): UpstreamServer {
  let server: UpstreamServer;
  let restore: () => void;
  beforeAll(async () => {
    server = await startUpstream(() => account.upstream);
    restore = useVariables({ ECR_CACHE_UPSTREAM_URL: server.baseUrl });
  });
  afterAll(async () => {
    restore();
    await server.close();
  });
  // It is there when the tests run, not yet when they are described.
  return new Proxy({} as UpstreamServer, {
    get: (_, name) => Reflect.get(server, name) as unknown,
  });
}
