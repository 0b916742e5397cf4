import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import type { Availability } from "../../host/availability";
import { findProgram } from "../../host/find-program";
import type { Outcome } from "./deployment";

/*
 * The container clients that Debian has, each with a store of its own, as root.
 */

export const clientNames = ["skopeo", "podman", "buildah", "containerd"] as const;

export type ClientName = (typeof clientNames)[number];

type Variables = Readonly<Record<string, string>>;

/** A client of a registry. */
export interface ContainerClient {
  readonly name: ClientName;
  /** The home folder of its configuration; absent for containerd. */
  readonly home?: string;
  /**
   * Pulls an image into an empty store.
   *
   * @param env the environment of the client, as `clientEnvironment` makes it
   */
  pull(image: string, env: Variables): Promise<Outcome>;
  /** Reads a configuration as the client does: registries.conf, or for containerd the files of hosts.toml. */
  configure(configuration: string): void;
  /** Removes what `configure` has set. */
  unconfigure(): void;
}

/** Whether a client can run here. */
export function findClient(name: ClientName): Availability {
  const programs = name === "containerd" ? ["containerd", "ctr"] : [name];
  const missing = programs.find((program) => findProgram(program) === undefined);
  if (missing !== undefined) {
    return { ok: false, reason: `${missing}: found no such program (apt-get install ${name})` };
  }
  if (name !== "skopeo" && process.getuid?.() !== 0) {
    return { ok: false, reason: `${name}: found no root; its store needs one` };
  }
  return { ok: true };
}

/** Whether there are a program, which a package of Debian has, and a client that uses it. */
export function findDebianProgram(
  program: string,
  debianPackage: string,
  client: ClientName,
): Availability {
  return findProgram(program) === undefined
    ? {
        ok: false,
        reason: `${program}: found no such program (apt-get install ${debianPackage})`,
      }
    : findClient(client);
}

/** The first two numbers of a client's version. */
export function versionOf(name: ClientName): string {
  const { stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+/.exec(stdout)?.[0] ?? "";
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Variables,
): Promise<Outcome> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** The clients of a test file, and what they leave on this machine. */
export class ContainerClients {
  // podman takes 50 characters for its runroot, and the system 108 for the socket of containerd: TMPDIR may be too long.
  private readonly directory = mkdtempSync("/tmp/c-");
  private stores = 0;
  private daemon: ChildProcess | undefined;

  /** A path that no client has used. */
  private fresh(name: string): string {
    this.stores += 1;
    const path = join(this.directory, `${name}-${this.stores}`);
    mkdirSync(path);
    return path;
  }

  /** A folder for the files of a login. */
  loginDirectory(): string {
    return this.fresh("login");
  }

  client(name: ClientName): ContainerClient {
    return name === "containerd" ? this.containerd() : this.containersImage(name);
  }

  /** skopeo, podman and buildah, which read the same files of a user. */
  private containersImage(name: Exclude<ClientName, "containerd">): ContainerClient {
    const home = this.fresh("home");
    const registries = join(home, ".config/containers/registries.conf");
    mkdirSync(join(home, ".config/containers"), { recursive: true });
    const configure = (configuration: string) => writeFileSync(registries, configuration);
    configure("");
    return {
      name,
      home,
      configure,
      unconfigure: () => configure(""),
      pull: async (image, env) => {
        const store = this.fresh(name);
        const own = { ...env, HOME: home };
        const stores = ["--root", `${store}/root`, "--runroot", `${store}/run`];
        const outcome =
          name === "skopeo"
            ? await runProgram(name, ["copy", `docker://${image}`, `dir:${store}`], own)
            : await runProgram(name, [...stores, "--storage-driver", "vfs", "pull", image], own);
        rmSync(store, { recursive: true, force: true });
        return outcome;
      },
    };
  }

  private containerd(): ContainerClient {
    const hosts = this.fresh("hosts");
    const unconfigure = () => {
      rmSync(hosts, { recursive: true });
      mkdirSync(hosts);
    };
    return {
      name: "containerd",
      unconfigure,
      configure: (configuration) => {
        unconfigure();
        for (const file of configuration.split(/^(?=# \/etc)/m)) {
          const [, host = ""] = /^# .*\/([^/]+)\/hosts\.toml$/m.exec(file) ?? [];
          mkdirSync(join(hosts, host));
          writeFileSync(join(hosts, host, "hosts.toml"), file);
        }
      },
      pull: async (image, env) => {
        const socket = await this.startContainerd(env);
        const { REGISTRY_LOGIN = "" } = env;
        // A store is emptied by a namespace of its own, except for what its content shares.
        const namespace = `n${(this.stores += 1)}`;
        const login = REGISTRY_LOGIN === "" ? [] : ["--user", REGISTRY_LOGIN];
        return runProgram(
          "ctr",
          [
            ...["--address", socket, "--namespace", namespace],
            ...["images", "pull", "--snapshotter", "native", "--hosts-dir", hosts],
            ...login,
            image,
          ],
          env,
        );
      },
    };
  }

  /** Starts containerd once; `ctr` itself speaks to the registries. */
  private async startContainerd(env: Variables): Promise<string> {
    const socket = join(this.directory, "c.sock");
    if (this.daemon) return socket;
    const config = join(this.directory, "config.toml");
    const lines = [
      "version = 2",
      `root = "${this.directory}/root"`,
      `state = "${this.directory}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      // Without it, a layer that another namespace has is not pulled again.
      '[plugins."io.containerd.metadata.v1.bolt"]',
      'content_sharing_policy = "isolated"',
      "[grpc]",
      `address = "${socket}"`,
    ];
    writeFileSync(config, lines.join("\n"));
    this.daemon = spawn("containerd", ["--config", config], { env, stdio: "ignore" });
    for (;;) {
      const { code } = await runProgram("ctr", ["--address", socket, "version"], env);
      if (code === 0) return socket;
      if (this.daemon.exitCode !== null) throw new Error("containerd has ended");
      await wait(50);
    }
  }

  async remove(): Promise<void> {
    if (this.daemon) {
      const ended = once(this.daemon, "exit");
      this.daemon.kill();
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
