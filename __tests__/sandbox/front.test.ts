import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { CallLog } from "../../sandbox/calls";
import type { Services } from "../../sandbox/ecr/context";
import { EcrService } from "../../sandbox/ecr/service";
import { Faults } from "../../sandbox/faults";
import { type Front, startFront } from "../../sandbox/front";

const ACCOUNT = "123456789012";

/** Nothing here asks another service of the account. */
const noServices: Services = {
  readSecret: () => Promise.reject(new Error("asked for a secret")),
  rolePolicies: () => Promise.reject(new Error("asked for policies")),
  trustedServices: () => Promise.reject(new Error("asked for a role")),
  ensureServiceLinkedRole: () => Promise.resolve(),
  putEvent: () => Promise.reject(new Error("given an event")),
};

let behind: Server;
let received: { request: IncomingMessage; body: Buffer }[];
let front: Front;
let service: EcrService;
let faults: Faults;
let calls: CallLog;
let resets: number;

beforeEach(async () => {
  received = [];
  resets = 0;
  behind = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push({ request, body });
      response.writeHead(201, { "x-moto": "yes", "content-type": "text/plain" });
      response.write("first ");
      response.end(`of ${body.length}`);
    });
  });
  await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
  faults = new Faults();
  calls = new CallLog();
  service = new EcrService(ACCOUNT, () => noServices);
  front = await startFront(
    {
      account: ACCOUNT,
      ecr: service,
      faults,
      calls,
      moto: { url, account: ACCOUNT },
      reset: () => {
        resets += 1;
        return Promise.resolve();
      },
    },
    0,
  );
});

afterEach(async () => {
  await front.close();
  behind.closeAllConnections();
  await new Promise((resolve) => behind.close(resolve));
});

const signedFor = (service: string, region = "eu-west-1") => ({
  authorization: `AWS4-HMAC-SHA256 Credential=key/20261124/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

const ecr = (action: string, body = "{}", signal?: AbortSignal) =>
  fetch(front.url, {
    method: "POST",
    headers: {
      ...signedFor("ecr"),
      "x-amz-target": `AmazonEC2ContainerRegistry_V20150921.${action}`,
    },
    body,
    signal: signal ?? null,
  });

const iam = (action: string) =>
  fetch(front.url, {
    method: "POST",
    headers: signedFor("iam", "us-east-1"),
    body: new URLSearchParams({ Action: action, Version: "2010-05-08" }),
  });

const s3 = (method: string, body?: string) =>
  fetch(`${front.url}/bucket/key?x=1`, { method, headers: signedFor("s3"), body });

describe("a call that the front does not implement", () => {
  test("is forwarded with path, headers and body, and so is the response", async () => {
    const body = Buffer.alloc(3_000_000, "x");
    const answer = await fetch(`${front.url}/bucket/a%20key?partNumber=1`, {
      method: "PUT",
      headers: { ...signedFor("s3"), "x-amz-meta-a": "b", "content-type": "image/png" },
      body,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-moto")).toBe("yes");
    expect(await answer.text()).toBe("first of 3000000");
    const [{ request, body: passed } = {}] = received;
    expect(request?.method).toBe("PUT");
    expect(request?.url).toBe("/bucket/a%20key?partNumber=1");
    expect(request?.headers).toMatchObject({
      ...signedFor("s3"),
      host: new URL(front.url).host,
      "x-amz-meta-a": "b",
      "content-type": "image/png",
      "content-length": "3000000",
      "x-moto-account-id": ACCOUNT,
    });
    expect(passed?.equals(body)).toBe(true);
  });

  test("may be an action of ECR that moto has", async () => {
    expect((await ecr("DescribeRegistry")).status).toBe(201);
    expect((await ecr("DescribeRepositories")).status).toBe(200);
    expect(received).toHaveLength(1);
  });

  test("is forwarded with a body that names its action", async () => {
    expect(await (await iam("GetRole")).text()).toBe("first of 33");
    expect(received[0]?.body.toString()).toBe("Action=GetRole&Version=2010-05-08");
  });

  test("fails with the reason where moto does not answer", async () => {
    behind.closeAllConnections();
    await new Promise((resolve) => behind.close(resolve));
    const answer = await s3("GET");
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain("ECONNREFUSED");
  });
});

describe("a request for another server", () => {
  let other: Server;
  let reached: string[];

  beforeEach(async () => {
    reached = [];
    other = createServer((request, response) => {
      reached.push(request.url ?? "");
      response.end();
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => new Promise((resolve) => other.close(resolve)));

  /** The status line of a response to a request whose target no URL class has normalized. */
  async function ask(target: string): Promise<string> {
    const socket = connect(Number(new URL(front.url).port), "127.0.0.1");
    socket.write(`GET ${target} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n`);
    return (await text(socket)).split("\r\n")[0] ?? "";
  }

  const place = () => `127.0.0.1:${(other.address() as AddressInfo).port}`;

  test("in absolute form is refused", async () => {
    expect(await ask(`http://${place()}/secret`)).toBe("HTTP/1.1 403 Forbidden");
    expect([reached, received]).toEqual([[], []]);
  });

  test("in a path with two slashes reaches moto, as the path that it is", async () => {
    expect(await ask(`//${place()}/secret`)).toBe("HTTP/1.1 201 Created");
    expect(received[0]?.request.url).toBe(`//${place()}/secret`);
    expect(reached).toEqual([]);
  });
});

test("the call log counts by service, region and action", async () => {
  await ecr("DescribeRepositories");
  await ecr("DescribeRepositories");
  await iam("GetRole");
  await s3("PUT", "x");
  await fetch(
    `${front.url}/?X-Amz-Credential=k%2F20261124%2Feu-west-3%2Fsts%2Faws4_request&Action=GetCallerIdentity`,
  );
  await fetch(`${front.url}/service/GraniteServiceVersion20100801/operation/PutMetricData`, {
    method: "POST",
    headers: signedFor("monitoring"),
  });
  expect(calls.list()).toEqual([
    { service: "ecr", region: "eu-west-1", action: "DescribeRepositories", count: 2 },
    { service: "iam", region: "us-east-1", action: "GetRole", count: 1 },
    { service: "s3", region: "eu-west-1", action: "PUT", count: 1 },
    { service: "sts", region: "eu-west-3", action: "GetCallerIdentity", count: 1 },
    { service: "monitoring", region: "eu-west-1", action: "PutMetricData", count: 1 },
  ]);
  expect(calls.count({ service: "ecr" })).toBe(2);
  expect(calls.count({ action: "GetRole", region: "eu-west-1" })).toBe(0);
  expect(calls.count()).toBe(6);
  calls.reset();
  expect(calls.list()).toEqual([]);
});

describe("a fault", () => {
  test.each([
    ["throttle", "ecr", () => ecr("DescribeRepositories"), 400, '"__type":"ThrottlingException"'],
    ["deny", "ecr", () => ecr("DescribeRepositories"), 400, '"__type":"AccessDeniedException"'],
    ["throttle", "iam", () => iam("GetRole"), 400, "<Code>Throttling</Code>"],
    ["deny", "iam", () => iam("GetRole"), 403, "<Code>AccessDenied</Code>"],
    ["throttle", "s3", () => s3("GET"), 503, "<Code>SlowDown</Code>"],
    ["deny", "s3", () => s3("GET"), 403, "<Code>AccessDenied</Code>"],
  ] as const)("%s is worded as by %s", async (kind, _, call, status, code) => {
    faults.add({ kind });
    const answer = await call();
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(code);
    expect(received).toEqual([]);
    expect((await call()).ok).toBe(true);
  });

  test("of a REST API names its code in a header", async () => {
    faults.add({ kind: "deny" });
    const answer = await fetch(`${front.url}/2015-03-31/functions`, {
      headers: signedFor("lambda"),
    });
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([
      403,
      "AccessDeniedException",
    ]);
  });

  test("happens the given number of times, to calls that match", async () => {
    faults.add({ kind: "throttle", action: "ListImages", times: 2 });
    faults.add({ kind: "deny", service: "iam", region: "us-east-1" });
    faults.add({ kind: "deny", action: "ListImages", region: "eu-west-3" });
    expect((await ecr("DescribeRepositories")).status).toBe(200);
    const types: unknown[] = [];
    for (let call = 0; call < 3; call += 1) {
      types.push(((await (await ecr("ListImages")).json()) as { __type: string }).__type);
    }
    expect(types).toEqual([
      "ThrottlingException",
      "ThrottlingException",
      "InvalidParameterException",
    ]);
    expect((await iam("GetRole")).status).toBe(403);
    expect((await iam("GetRole")).status).toBe(201);
    expect(faults.list()).toEqual([
      { kind: "deny", action: "ListImages", region: "eu-west-3", times: 1 },
    ]);
    faults.clear();
    expect(faults.list()).toEqual([]);
  });

  test("`cut` closes the connection before the call is carried out", async () => {
    faults.add({ kind: "cut", times: 2 });
    await expect(s3("PUT", "x")).rejects.toThrow();
    await expect(ecr("PutAccountSetting")).rejects.toThrow();
    expect(received).toEqual([]);
  });

  test("`cut-answer` closes the connection after the call was carried out", async () => {
    faults.add({ kind: "cut-answer", times: 2 });
    await expect(s3("PUT", "x")).rejects.toThrow();
    expect(received).toHaveLength(1);
    const create = () => ecr("CreateRepository", '{"repositoryName":"app"}');
    await expect(create()).rejects.toThrow();
    expect(await (await create()).text()).toContain("RepositoryAlreadyExistsException");
  });
});

test("latency delays every call", async () => {
  faults.setLatency(120);
  const start = performance.now();
  await ecr("DescribeRepositories");
  expect(performance.now() - start).toBeGreaterThan(115);
});

test("a call whose caller leaves during the latency is not carried out", async () => {
  faults.setLatency(200);
  const create = (signal?: AbortSignal) =>
    ecr("CreateRepository", '{"repositoryName":"app"}', signal);
  await expect(create(AbortSignal.timeout(50))).rejects.toThrow("aborted due to timeout");
  expect((await create()).status).toBe(200);
});

test("a response follows the JSON 1.1 protocol: its serialization error, times in seconds", async () => {
  const call = (body: string) => ecr("CreateRepository", body);
  expect(await (await call("[]")).json()).toMatchObject({ __type: "SerializationException" });
  const { repository } = (await (await call('{"repositoryName":"app"}')).json()) as {
    repository: { createdAt: number };
  };
  expect(repository.createdAt).toBeCloseTo(Date.now() / 1000, -1);
});

describe("the control API", () => {
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${front.url}/_sandbox/${path}`, {
      method,
      ...(body !== undefined && {
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    });
    return [answer.status, await answer.json()];
  };

  test("adds, lists and clears faults", async () => {
    const fault = { kind: "throttle", action: "ListImages", times: 3 };
    expect(await control("POST", "faults", fault)).toEqual([200, [fault]]);
    await ecr("ListImages");
    expect(await control("GET", "faults")).toEqual([200, [{ ...fault, times: 2 }]]);
    expect(await control("DELETE", "faults")).toEqual([200, []]);
  });

  test("sets the latency", async () => {
    expect(await control("PUT", "latency", { milliseconds: 7 })).toEqual([
      200,
      { milliseconds: 7 },
    ]);
    expect(faults.latency).toBe(7);
  });

  test("lists and clears calls, without its own", async () => {
    await ecr("ListImages");
    expect(await control("GET", "calls")).toEqual([
      200,
      [{ service: "ecr", region: "eu-west-1", action: "ListImages", count: 1 }],
    ]);
    expect(await control("DELETE", "calls")).toEqual([200, []]);
  });

  test("advances the clock", async () => {
    const [status, { now }] = (await control("POST", "clock", { hours: 25 })) as [
      number,
      { now: string },
    ];
    expect(status).toBe(200);
    expect((Date.parse(now) - Date.now()) / 3_600_000).toBeCloseTo(25, 1);
    const [, shown] = (await control("GET", "clock")) as [number, { now: string }];
    expect(Date.parse(shown.now)).toBeGreaterThanOrEqual(Date.parse(now));
  });

  test("sets the content of an upstream, and resets the account", async () => {
    const content = { name: "docker.io/library/nginx:1.25", failure: "not-found" };
    expect(await control("PUT", "upstream", content)).toEqual([200, content]);
    expect(await control("POST", "reset")).toEqual([200, { account: ACCOUNT }]);
    expect(resets).toBe(1);
  });

  test("takes a setting of an upstream back by null, and all of them by DELETE", async () => {
    const statusOf = async () => {
      const path = "/_sandbox/upstream/registry-1.docker.io/v2/library/nginx/manifests/1.25";
      return (await fetch(`${front.url}${path}`)).status;
    };
    const name = "docker.io";
    await control("PUT", "upstream", { name, failure: "unavailable", limit: 0 });
    expect(await statusOf()).toBe(503);
    expect(await control("PUT", "upstream", { name, failure: null })).toEqual([
      200,
      { name, failure: null },
    ]);
    expect(await statusOf()).toBe(429);
    expect(await control("DELETE", "upstream", { name })).toEqual([200, { name }]);
    expect(await statusOf()).toBe(200);
  });

  test("puts an account into an organization", async () => {
    const membership = { organization: "o-abc123def4", path: "o-abc123def4/r-ab12/" };
    const body = { account: "333333333333", ...membership };
    expect(await control("PUT", "organization", body)).toEqual([200, body]);
    expect(service.memberships.get("333333333333")).toEqual(membership);
  });

  test.each([
    ["an unknown path", "GET", "nothing", undefined, 404, "found GET nothing; allowed: GET calls"],
    ["an unknown fault", "POST", "faults", { kind: "explode" }, 400, "kind"],
    ["an unknown key", "POST", "faults", { kind: "cut", actoin: "x" }, 400, "actoin"],
    ["no time", "POST", "clock", {}, 400, "hours"],
    ["no JSON", "POST", "faults", "{", 400, "JSON"],
  ])("refuses %s", async (_, method, path, body, status, message) => {
    expect(await control(method, path, body)).toEqual([
      status,
      { message: expect.stringContaining(message) as string },
    ]);
    expect(faults.list()).toEqual([]);
  });
});

test("a port that is in use is refused", async () => {
  const port = Number(new URL(front.url).port);
  await expect(
    startFront(
      {
        account: ACCOUNT,
        ecr: new EcrService(ACCOUNT, () => noServices),
        faults,
        calls,
        moto: { url: front.url, account: ACCOUNT },
        reset: () => Promise.resolve(),
      },
      port,
    ),
  ).rejects.toThrow(`--port: found ${port}, which is taken; allowed: a free port, or 0 for any`);
});
