import type { RequestListener, Server } from "node:http";
import { createServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Certificate } from "./certificate";
import { coversHost } from "./hosts";

/**
 * Makes a server an HTTPS proxy that answers for the hosts of a certificate itself, and connects to none: the others are
 * refused. `close` ends their connections, which the server no longer knows.
 */
export function addHttpsProxy(
  server: Server,
  { key, cert, hosts }: Certificate,
  listener: RequestListener,
): { close(): void } {
  const secure = createServer({ key, cert }, listener);
  // A client that does not trust the certificate says so itself.
  secure.on("tlsClientError", () => undefined);
  const open = new Set<Duplex>();
  server.on("connect", ({ url = "" }, socket: Duplex, head: Buffer) => {
    socket.on("error", () => undefined);
    if (!coversHost(hosts, url.replace(/:443$/, ""))) {
      socket.end("HTTP/1.1 403 Not in the sandbox\r\n\r\n");
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    secure.emit("connection", socket);
  });
  return {
    close: () => {
      for (const socket of open) socket.destroy();
      secure.close();
    },
  };
}
