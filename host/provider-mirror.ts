import { spawnSync } from "node:child_process";
import { type Dirent, existsSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Availability } from "./availability";

/*
 * Where Terraform gets the AWS provider from on this machine: either from where it looks by default, which is the public
 * registry and what the CLI configuration says, or from a filesystem mirror, a directory that contains
 * registry.terraform.io/….
 */

const REGISTRY = "registry.terraform.io";
const AWS_PROVIDER = join(REGISTRY, "hashicorp", "aws");

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the provider comes from. `mirror` is absent where Terraform finds the provider by itself. */
export type ProviderSource = Availability & { readonly mirror?: string };

function hasAwsProvider(mirror: string): boolean {
  return entriesOf(join(mirror, AWS_PROVIDER)).length > 0;
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
/** In a directory with this bit, such as the temporary folder, users can't replace what another one owns. */
const STICKY = 0o1000;

/** Whether a user other than the administrator and the one who runs this can change a file or directory. */
function isOpen({ mode, uid, gid }: Stats): boolean {
  const isForeign = ![0, process.getuid?.()].includes(uid);
  const isGroupForeign = ![0, process.getgid?.()].includes(gid);
  return isForeign || (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && isGroupForeign);
}

/**
 * What other users of this machine could change to have their own program run as the AWS provider of a mirror, which
 * Terraform runs without checking a signature: a directory on the way to it, or anything that it contains.
 */
export function openToOthers(mirror: string): string | undefined {
  // Windows has no such modes.
  if (process.platform === "win32") return undefined;
  const real = realpathSync(join(mirror, AWS_PROVIDER));
  return openAbove(dirname(real)) ?? openWithin(real);
}

function openAbove(directory: string): string | undefined {
  const stats = statSync(directory);
  if (isOpen(stats) && (stats.mode & STICKY) === 0) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : openAbove(parent);
}

function openWithin(path: string): string | undefined {
  if (isOpen(statSync(path))) return path;
  for (const entry of entriesOf(path)) {
    const inner = join(path, entry.name);
    const target = realpathSync(inner);
    const open = (target === inner ? undefined : openAbove(dirname(target))) ?? openWithin(target);
    if (open !== undefined) return open;
  }
  return undefined;
}

/**
 * Directories in which Terraform looks for providers by itself, before it asks the registry.
 * Source: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
 */
function impliedMirrors(environment: Environment): string[] {
  const home = environment.HOME ?? homedir();
  return [
    join(home, ".terraform.d/plugins"),
    join(environment.XDG_DATA_HOME ?? join(home, ".local/share"), "terraform/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ];
}

/** What the registry's answer was; it is asked once. */
let registryAnswers: boolean | undefined;

/** Whether the public registry answers this machine. Behind a proxy, Terraform itself has to find out. */
function reachesRegistry(environment: Environment): boolean {
  if (environment.HTTPS_PROXY ?? environment.https_proxy) return true;
  const probe = `fetch("https://${REGISTRY}/.well-known/terraform.json", { signal: AbortSignal.timeout(5000) })
    .then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
  return (registryAnswers ??= spawnSync(process.execPath, ["-e", probe]).status === 0);
}

/** Where administrators install what does not come from a package. */
const INSTALLED = ["/opt", "/usr/local", "/usr/share", "/var/lib"];

/** How deep below those a mirror is looked for. */
const DEPTH = 3;

/** An installed mirror with the AWS provider that other users can't write to, found by its name. */
export function discoverMirror(
  roots: readonly string[] = INSTALLED,
  depth = DEPTH,
): string | undefined {
  for (const root of roots) {
    if (hasAwsProvider(root) && openToOthers(root) === undefined) return root;
    const folders = depth > 0 ? entriesOf(root).filter((entry) => entry.isDirectory()) : [];
    const found = discoverMirror(
      folders.map(({ name }) => join(root, name)),
      depth - 1,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Finds the AWS provider: in the mirror that TF_PLUGIN_MIRROR names; else where Terraform looks by default; else, on a
 * machine that does not reach the registry, in an installed mirror. Where it has to ask the registry, the first call
 * takes up to 5 s.
 */
export function findProvider(environment: Environment = process.env): ProviderSource {
  const mirror = environment.TF_PLUGIN_MIRROR;
  if (mirror) return namedMirror(mirror);
  const configuration =
    environment.TF_CLI_CONFIG_FILE ?? join(environment.HOME ?? homedir(), ".terraformrc");
  const isFoundByTerraform =
    existsSync(configuration) ||
    impliedMirrors(environment).some(hasAwsProvider) ||
    reachesRegistry(environment);
  if (isFoundByTerraform) return { ok: true };
  const installed = discoverMirror();
  if (installed !== undefined) return { ok: true, mirror: installed };
  return {
    ok: false,
    reason: `no AWS provider: ${REGISTRY} does not answer, and no trusted mirror is installed; name one in TF_PLUGIN_MIRROR`,
  };
}

function namedMirror(mirror: string): ProviderSource {
  if (!hasAwsProvider(mirror)) {
    return { ok: false, reason: `TF_PLUGIN_MIRROR: found no ${AWS_PROVIDER} in ${mirror}` };
  }
  const open = openToOthers(mirror);
  return open === undefined
    ? { ok: true, mirror }
    : {
        ok: false,
        reason: `TF_PLUGIN_MIRROR: other users can write to ${open}, so they could replace the provider; remove their permission, or use a copy of your own`,
      };
}
