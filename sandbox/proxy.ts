import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ACCOUNT_HEADER, type Moto } from "./moto-client";

/** Headers of one connection, which a proxy does not forward (RFC 9110, 7.6.1), and Expect, which Node has answered. */
const HOP_BY_HOP = ["connection", "expect", "keep-alive", "transfer-encoding", "upgrade"];

/**
 * Forwards a request to moto and returns its response, streaming both, with the headers unchanged.
 *
 * @param body the body, where it has been read already
 * @param isLost whether the connection is closed instead of returning moto's response
 */
export async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  moto: Moto,
  body: Buffer | undefined,
  isLost: boolean,
): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.includes(name)),
  );
  const { hostname, port } = new URL(moto.url);
  // Not a URL: a path such as //host/ would name another server.
  const upstream = request({
    hostname,
    port,
    path: incoming.url,
    method: incoming.method,
    headers: { ...headers, [ACCOUNT_HEADER]: moto.account },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once("response", resolve);
    upstream.on("error", reject);
  });
  if (body) upstream.end(body);
  // Where sending fails there is no answer either, unless moto gave one before it had read everything.
  else pipeline(incoming, upstream).catch(() => undefined);
  const response = await answered;
  if (isLost) {
    response.resume();
    await once(response, "end");
    outgoing.destroy();
    return;
  }
  const shown = Object.fromEntries(
    Object.entries(response.headers).filter(([name]) => !HOP_BY_HOP.includes(name)),
  );
  outgoing.writeHead(response.statusCode ?? 502, shown);
  await pipeline(response, outgoing);
}
