import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { parseRegistryHost } from "../ecr/region";
import { UserError } from "../ecr/user-error";
import { type AwsCall, identify, namesActionInBody } from "./aws-request";
import { control, CONTROL_PATH, type Controlled } from "./control";
import {
  blobAnswer,
  isRegistryPath,
  type RegistryAnswer,
  registryError,
  type RegistryRequest,
} from "./distribution/answer";
import { answerPrivateRegistry, routeOf } from "./distribution/private-registry";
import { answerUpstream, UPSTREAM_PATH, upstreamAction } from "./distribution/upstream-registry";
import { LAYER_PATH, parseLayerPath } from "./ecr/layer-url";
import { refuse } from "./faults";
import { callerOf } from "./iam/caller";
import { simulate, SIMULATE } from "./iam/simulator";
import type { Moto } from "./moto-client";
import type { Certificate } from "./names/certificate";
import { layerHost } from "./names/hosts";
import { addHttpsProxy } from "./names/https-proxy";
import { forward } from "./proxy";

const ECR_TARGET = "AmazonEC2ContainerRegistry_V20150921.";
const EVENTS_TARGET = "AWSEvents.";
const JSON_TYPE = "application/x-amz-json-1.1";

/** The HTTP server before moto. */
export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

type Sandbox = Controlled & {
  readonly moto: Moto;
  /** The region of registry clients that name none. Default: `us-east-1`. */
  readonly region?: string;
};

/**
 * Starts the front on the loopback interface.
 *
 * @param port 0 for a free one
 * @param certificate with it, the front is an HTTPS proxy too, in which the sandbox answers by the names of AWS and of the
 * upstream registries
 * @throws UserError where the port is taken.
 */
export async function startFront(
  sandbox: Sandbox,
  port: number,
  certificate?: Certificate,
): Promise<Front> {
  const listener: RequestListener = (incoming, outgoing) => {
    answer(sandbox, incoming, outgoing).catch((error: unknown) => {
      if (outgoing.destroyed || incoming.socket.destroyed) return;
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send(outgoing, 500, { "content-type": JSON_TYPE }, internalFailure(cause));
    });
  };
  const server = createServer(listener);
  const proxy = certificate && addHttpsProxy(server, certificate, listener);
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        proxy?.close();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      reject(
        isTaken
          ? new UserError(
              `--port: found ${port}, which is taken; allowed: a free port, or 0 for any`,
            )
          : error,
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

function internalFailure(cause: string): string {
  return JSON.stringify({ __type: "ServerException", message: `The sandbox failed: ${cause}` });
}

function send(
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = "",
): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  // Node sends no body in response to HEAD, but the length is that of the body.
  const length = { "content-length": String(Buffer.byteLength(body)) };
  outgoing.writeHead(status, { ...length, ...headers }).end(body);
}

const sendAnswer = (outgoing: ServerResponse, { status, headers, body }: RegistryAnswer) =>
  send(outgoing, status, headers, body);

async function answer(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/", headers } = incoming;
  // A client that takes the front for a proxy names another server here (RFC 9112, 3.2.2).
  if (!url.startsWith("/")) {
    incoming.resume();
    send(outgoing, 403, { "content-type": "text/plain" }, "The sandbox forwards no requests.\n");
    return;
  }
  if (url.startsWith(LAYER_PATH)) {
    incoming.resume();
    sendAnswer(outgoing, layerAnswer(sandbox, url, headers.range));
    return;
  }
  if (url.startsWith(UPSTREAM_PATH)) {
    const [, registry = "", path = "/"] = /^([^/]*)(.*)$/.exec(url.slice(UPSTREAM_PATH.length))!;
    await callUpstream(sandbox, registry, registryRequest(incoming, path), outgoing);
    return;
  }
  if (url.startsWith(CONTROL_PATH)) {
    const text = (await buffer(incoming)).toString();
    const { status, body } = await control(sandbox, method, url, text);
    send(outgoing, status, { "content-type": "application/json" }, JSON.stringify(body));
    return;
  }
  if (isRegistryPath(url)) {
    await callRegistry(sandbox, incoming, outgoing);
    return;
  }
  await callAws(sandbox, incoming, outgoing);
}

/**
 * Records a call, and makes the fault happen that is set for it, if there is one.
 *
 * @returns whether to carry the call out; `isLost` if its answer is not to arrive
 */
async function admit(
  { calls, faults }: Sandbox,
  call: AwsCall,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<{ readonly isAdmitted: boolean; readonly isLost: boolean }> {
  calls.record(call);
  const fault = faults.take(call);
  if (faults.latency > 0) {
    await wait(faults.latency);
    // The caller has left in the meantime: the call does not arrive. (One whose response is lost is `cut-answer`.)
    if (incoming.socket.destroyed) return { isAdmitted: false, isLost: false };
  }
  switch (fault) {
    case "cut":
      incoming.socket.destroy();
      return { isAdmitted: false, isLost: false };
    case "throttle":
    case "deny":
      incoming.resume();
      sendAnswer(outgoing, refuse(fault, call.protocol));
      return { isAdmitted: false, isLost: false };
    case "cut-answer":
    case undefined:
      return { isAdmitted: true, isLost: fault === "cut-answer" };
  }
}

async function callAws(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/", headers } = incoming;
  const target = headers["x-amz-target"]?.toString() ?? "";
  const isEcr = target.startsWith(ECR_TARGET);
  const isEvents = target.startsWith(EVENTS_TARGET);
  const body =
    isEcr || isEvents || namesActionInBody(headers)
      ? await buffer(incoming as AsyncIterable<Buffer>)
      : undefined;
  const call = identify(method, url, headers, namesActionInBody(headers) ? body?.toString() : "");
  const { isAdmitted, isLost } = await admit(sandbox, call, incoming, outgoing);
  if (!isAdmitted) return;
  const caller = await callerOf(sandbox.moto, call.accessKey);
  // What moto answers, it answers for the account of the caller.
  const moto = { ...sandbox.moto, account: caller.account };
  if (isEcr && sandbox.ecr.answers(call.action)) {
    const url = layerOriginOf(incoming, call.region);
    const text = body?.toString() ?? "";
    const response = await sandbox.ecr.call(call.region, call.action, text, { caller, url });
    if (isLost) outgoing.destroy();
    else send(outgoing, response.status, { "content-type": JSON_TYPE }, response.body);
  } else if (call.service === "iam" && call.action === SIMULATE) {
    const { status, body: xml } = await simulate(moto, body?.toString() ?? "");
    if (isLost) outgoing.destroy();
    else send(outgoing, status, { "content-type": "text/xml" }, xml);
  } else {
    const text = body?.toString() ?? "";
    const { maintenance } = sandbox;
    const own = isEvents && (await maintenance?.answerEvents(call.region, call.action, text));
    if (own) {
      if (isLost) outgoing.destroy();
      else send(outgoing, own.ok ? 200 : 400, { "content-type": JSON_TYPE }, own.text);
      return;
    }
    if (call.service === "sns" && call.action === "Publish") {
      maintenance?.recordPublish(call.region, text);
    }
    await forward(incoming, outgoing, moto, body, isLost);
  }
}

/** The host that a client has called, without a port. */
function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? "").replace(/:[0-9]+$/, "");
}

const isByName = ({ socket }: IncomingMessage) => "encrypted" in socket;

function originOf(incoming: IncomingMessage): string {
  return `${isByName(incoming) ? "https" : "http"}://${incoming.headers.host ?? ""}`;
}

function layerOriginOf(incoming: IncomingMessage, region: string): string {
  return isByName(incoming) ? `https://${layerHost(region)}` : originOf(incoming);
}

function registryRequest(incoming: IncomingMessage, path: string, region = ""): RegistryRequest {
  const { method = "GET", headers } = incoming;
  return {
    method,
    path,
    headers,
    origin: originOf(incoming),
    layerOrigin: layerOriginOf(incoming, region),
    body: () => buffer(incoming as AsyncIterable<Buffer>),
  };
}

/** Answers a container client, as the registry of the host that it has called. */
async function callRegistry(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { ecr } = sandbox;
  const { method = "GET", url = "/" } = incoming;
  const host = hostOf(incoming);
  const named = parseRegistryHost(host);
  if (isByName(incoming) && named?.account !== ecr.account) {
    await callUpstream(sandbox, host, registryRequest(incoming, url), outgoing);
    return;
  }
  const region = named?.region ?? sandbox.region ?? "us-east-1";
  const request = registryRequest(incoming, url, region);
  const action = routeOf(method, url)?.route.action;
  // A client that looks whether it has to log in calls no action.
  const { isAdmitted, isLost } =
    action === undefined
      ? { isAdmitted: true, isLost: false }
      : await admit(
          sandbox,
          { service: "ecr", region, action, protocol: "distribution" },
          incoming,
          outgoing,
        );
  if (!isAdmitted) return;
  const response = await answerPrivateRegistry(ecr, region, request);
  incoming.resume();
  if (isLost) outgoing.destroy();
  else sendAnswer(outgoing, response);
}

/**
 * Answers a client that calls an upstream registry directly. The call log has it under the registry's host, and once more
 * as `login` where it came with credentials, so that a test can see that a client bypasses the cache or leaks a token.
 */
async function callUpstream(
  { ecr, calls }: Sandbox,
  registry: string,
  request: RegistryRequest,
  outgoing: ServerResponse,
): Promise<void> {
  const call = { service: registry, region: "", protocol: "distribution" } as const;
  calls.record({ ...call, action: upstreamAction(request) });
  if (request.headers.authorization !== undefined) calls.record({ ...call, action: "login" });
  sendAnswer(outgoing, await answerUpstream(ecr.upstream, registry, request));
}

/** Answers for the S3 bucket of ECR's layers. */
function layerAnswer({ ecr }: Sandbox, url: string, range: string | undefined): RegistryAnswer {
  const path = parseLayerPath(url);
  const layer = path && ecr.layer(path.region, path.repository, path.digest);
  return layer
    ? blobAnswer(layer, path.digest, range)
    : registryError(404, "BLOB_UNKNOWN", "There is no such layer.");
}
