import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { findProgram } from "../../host/find-program";
import { type Certificate, createCertificate } from "../../sandbox/names/certificate";
import { coversHost, layerHost, sandboxHosts } from "../../sandbox/names/hosts";
import { addHttpsProxy } from "../../sandbox/names/https-proxy";
import { requireOrSkip } from "../support/require-or-skip";

test.each([
  ["111111111111.dkr.ecr.eu-west-1.amazonaws.com", true],
  ["api.ecr.eu-west-1.amazonaws.com", true],
  ["prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com", true],
  ["sts.eu-west-1.amazonaws.com", true],
  ["registry-1.docker.io", true],
  ["acme.azurecr.io", true],
  ["111111111111.dkr.ecr.us-east-1.amazonaws.com", false],
  ["a.b.eu-west-1.amazonaws.com", false],
  ["registry.terraform.io", false],
  ["example.com", false],
])("the sandbox of eu-west-1 answers by the name %s: %s", (host, isCovered) => {
  expect(coversHost(sandboxHosts(["eu-west-1"]), host)).toBe(isCovered);
});

test("the bucket of layers is in the region's domain", () => {
  expect(layerHost("cn-north-1")).toBe(
    "prod-cn-north-1-starport-layer-bucket.s3.cn-north-1.amazonaws.com.cn",
  );
});

test("there is no certificate without openssl", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  expect(await createCertificate(["example.com"])).toBeUndefined();
  process.env.PATH = path;
});

const openssl =
  findProgram("openssl") === undefined
    ? ({
        ok: false,
        reason: "openssl: found no such program; install it (apt-get install openssl)",
      } as const)
    : ({ ok: true } as const);

requireOrSkip(openssl, "the HTTPS proxy", () => {
  const HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
  let certificate: Certificate;
  let server: Server;
  let proxy: { close(): void };

  beforeAll(async () => {
    certificate = (await createCertificate(["quay.io", "*.dkr.ecr.eu-west-1.amazonaws.com"]))!;
  });
  beforeEach(async () => {
    server = createServer();
    proxy = addHttpsProxy(server, certificate, (incoming, outgoing) => {
      outgoing.end(`${incoming.headers.host} ${incoming.url}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
    proxy.close();
  });

  /** The status with which the proxy answers CONNECT, and the connection. */
  async function tunnel(target: string): Promise<{ status?: number; socket: Socket }> {
    const { port } = server.address() as AddressInfo;
    const connection = request({ host: "127.0.0.1", port, method: "CONNECT", path: target }).end();
    const [response, socket] = (await once(connection, "connect")) as [
      { statusCode?: number },
      Socket,
    ];
    return { status: response.statusCode, socket };
  }

  test("answers by the names of its certificate, which its authority verifies", async () => {
    for (const host of ["quay.io", HOST]) {
      const { status, socket } = await tunnel(`${host}:443`);
      expect(status).toBe(200);
      const secure = connect({ socket, servername: host, ca: certificate.cert });
      await once(secure, "secureConnect");
      expect(secure.authorized).toBe(true);
      secure.write(`GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(await text(secure)).toMatch(new RegExp(`${host} /v2/`));
    }
  });

  test.each(["registry.terraform.io:443", "quay.io:80", "127.0.0.1:22"])(
    "refuses to connect to %s",
    async (target) => {
      const { status, socket } = await tunnel(target);
      socket.destroy();
      expect(status).toBe(403);
    },
  );

  test("ends its connections when it is closed", async () => {
    const { socket } = await tunnel("quay.io:443");
    const closed = once(socket, "close");
    proxy.close();
    await closed;
  });
});
