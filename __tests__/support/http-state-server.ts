import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface HttpStateServer {
  readonly url: string;
  /** The states that are kept, by path. */
  readonly states: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/**
 * A server for Terraform's `http` backend: a state a path, with LOCK and UNLOCK.
 * Source: https://developer.hashicorp.com/terraform/language/backend/http
 */
export async function startHttpStateServer(): Promise<HttpStateServer> {
  const states = new Map<string, string>();
  const locks = new Map<string, string>();

  const answer = (method: string, path: string, body: string): [status: number, body?: string] => {
    const lock = locks.get(path);
    switch (method) {
      case "GET":
        return states.has(path) ? [200, states.get(path)] : [404];
      case "POST":
        states.set(path, body);
        return [200];
      case "DELETE":
        states.delete(path);
        return [200];
      case "LOCK":
        if (lock !== undefined) return [423, lock];
        locks.set(path, body);
        return [200];
      case "UNLOCK":
        locks.delete(path);
        return [200];
      default:
        return [405];
    }
  };

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const [status, content] = answer(request.method ?? "", pathname, body);
      response.writeHead(status).end(content);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    states,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
