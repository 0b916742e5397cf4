import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Availability } from "../../host/availability";

export interface Postgres {
  /** The connection, as Terraform's `pg` backend takes it. */
  readonly url: string;
  /** What a query answers, a line a row. */
  query(sql: string): string;
  stop(): Promise<void>;
}

/** Where Debian and others put what is not meant for every user's PATH. */
const VERSIONS = "/usr/lib/postgresql";

function binaries(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort().reverse() : [];
  return [
    ...(process.env.PATH ?? "").split(delimiter),
    ...versions.map((version) => join(VERSIONS, version, "bin")),
  ].find((directory) => existsSync(join(directory, "initdb")));
}

/** PostgreSQL does not run as root: then its own user is taken. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) =>
    Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }).trim());
  return { uid: id("-u"), gid: id("-g") };
}

export function findPostgres(): Availability {
  return binaries()
    ? { ok: true }
    : {
        ok: false,
        reason: "PostgreSQL: found no initdb on the PATH; allowed: a PostgreSQL server",
      };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a real PostgreSQL on the loopback interface, with a database in a temporary folder. */
export async function startPostgres(): Promise<Postgres> {
  const bin = binaries() ?? "";
  const user = postgresUser();
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-postgres-"));
  if (user) chownSync(directory, user.uid, user.gid);
  const options = { ...user, cwd: directory, encoding: "utf8" } as const;
  const data = join(directory, "data");
  execFileSync(
    join(bin, "initdb"),
    ["--pgdata", data, "--username", "terraform", "--auth", "trust", "--no-sync"],
    { ...options, stdio: "pipe" },
  );
  const port = await freePort();
  const server = spawn(
    join(bin, "postgres"),
    // No socket in the file system, whose path may be too long for one.
    ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", "-F"],
    { ...options, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(server, "close");
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stderr.on("data", (text: Buffer) => {
      log += String(text);
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`postgres has ended:\n${log}`)));
  });
  const url = `postgres://terraform@127.0.0.1:${port}/postgres?sslmode=disable`;
  return {
    url,
    query: (sql) =>
      execFileSync("psql", [url, "--tuples-only", "--no-align", "--command", sql], {
        encoding: "utf8",
        // The client may be where the server is, or where every user's programs are.
        env: { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) },
      }).trim(),
    stop: async () => {
      // Fast shutdown: sessions that hang are ended.
      server.kill("SIGINT");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
