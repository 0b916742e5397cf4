import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../ecr/user-error";
import { type AwsCall, identify, namesActionInBody } from "./aws-request";
import { control, CONTROL_PATH, type Controlled } from "./control";
import { refuse } from "./faults";
import { simulate, SIMULATE } from "./iam/simulator";
import type { Moto } from "./moto-client";
import { forward } from "./proxy";
import { answerUpstream, UPSTREAM_PATH } from "./upstream-registry";

const ECR_TARGET = "AmazonEC2ContainerRegistry_V20150921.";
const JSON_TYPE = "application/x-amz-json-1.1";

/** The HTTP server before moto. */
export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

type Sandbox = Controlled & { readonly moto: Moto };

/**
 * Starts the front on the loopback interface.
 *
 * @param port 0 for a free one
 * @throws UserError where the port is taken.
 */
export async function startFront(sandbox: Sandbox, port: number): Promise<Front> {
  const server = createServer((incoming, outgoing) => {
    answer(sandbox, incoming, outgoing).catch((error: unknown) => {
      if (outgoing.destroyed || incoming.socket.destroyed) return;
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send(outgoing, 500, { "content-type": JSON_TYPE }, internalFailure(cause));
    });
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
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
  body: string,
): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, headers).end(body);
}

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
  if (url.startsWith(UPSTREAM_PATH)) {
    incoming.resume();
    const { status, headers: shown, body } = answerUpstream(sandbox.ecr.upstream, method, url);
    send(outgoing, status, shown, body);
    return;
  }
  if (url.startsWith(CONTROL_PATH)) {
    const text = (await buffer(incoming)).toString();
    const { status, body } = await control(sandbox, method, url, text);
    send(outgoing, status, { "content-type": "application/json" }, JSON.stringify(body));
    return;
  }

  const isEcr = headers["x-amz-target"]?.toString().startsWith(ECR_TARGET) ?? false;
  const body =
    isEcr || namesActionInBody(headers)
      ? await buffer(incoming as AsyncIterable<Buffer>)
      : undefined;
  const call = identify(method, url, headers, namesActionInBody(headers) ? body?.toString() : "");
  sandbox.calls.record(call);
  const fault = sandbox.faults.take(call);
  if (sandbox.faults.latency > 0) {
    await wait(sandbox.faults.latency);
    // The caller has left in the meantime: the call does not arrive. (One whose response is lost is `cut-answer`.)
    if (incoming.socket.destroyed) return;
  }

  switch (fault) {
    case "cut":
      incoming.socket.destroy();
      return;
    case "throttle":
    case "deny": {
      const refusal = refuse(fault, call.protocol);
      incoming.resume();
      send(outgoing, refusal.status, refusal.headers, refusal.body);
      return;
    }
    case "cut-answer":
    case undefined:
      break;
  }
  const isLost = fault === "cut-answer";
  if (isEcr && sandbox.ecr.answers(call.action)) {
    await answerEcr(sandbox, call, body?.toString() ?? "", outgoing, isLost);
  } else if (call.service === "iam" && call.action === SIMULATE) {
    const { status, body: xml } = await simulate(sandbox.moto, body?.toString() ?? "");
    if (isLost) outgoing.destroy();
    else send(outgoing, status, { "content-type": "text/xml" }, xml);
  } else {
    await forward(incoming, outgoing, sandbox.moto, body, isLost);
  }
}

async function answerEcr(
  { ecr }: Sandbox,
  { region, action }: AwsCall,
  text: string,
  outgoing: ServerResponse,
  isLost: boolean,
): Promise<void> {
  const { status, body } = await ecr.call(region, action, text);
  if (isLost) outgoing.destroy();
  else send(outgoing, status, { "content-type": JSON_TYPE }, body);
}
