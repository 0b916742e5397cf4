import { spawnSync } from "node:child_process";
import { type Dirent, existsSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Availability } from "./availability";
import { terraformProduct } from "./terraform-program";

/*
 * Where Terraform gets the AWS provider from on this machine: either from where it looks by default, which is the public
 * registry and what the CLI configuration says, or from a filesystem mirror, a directory that contains
 * registry.terraform.io/…, or for OpenTofu registry.opentofu.org/….
 */

/** The AWS provider's folder in a mirror. */
const awsProvider = (registry: string) => join(registry, "hashicorp", "aws");

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the provider comes from. `mirror` is absent where Terraform finds the provider without help. */
export type ProviderSource = Availability & { readonly mirror?: string };

function hasAwsProvider(mirror: string, registry: string): boolean {
  return entriesOf(join(mirror, awsProvider(registry))).length > 0;
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
function openToOthers(mirror: string, registry: string): string | undefined {
  // Windows has no such modes.
  if (process.platform === "win32") return undefined;
  const real = realpathSync(join(mirror, awsProvider(registry)));
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
 * Directories in which Terraform looks for providers by default, before it asks the registry.
 * OpenTofu has kept them.
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

/** Whether a registry has answered; each is asked once. */
const registryAnswers = new Map<string, boolean>();

/** Whether the public registry answers this machine. Behind a proxy, Terraform itself has to find out. */
function reachesRegistry(registry: string, environment: Environment): boolean {
  if (environment.HTTPS_PROXY ?? environment.https_proxy) return true;
  const probe = `fetch("https://${registry}/.well-known/terraform.json", { signal: AbortSignal.timeout(5000) })
    .then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
  const answers =
    registryAnswers.get(registry) ?? spawnSync(process.execPath, ["-e", probe]).status === 0;
  registryAnswers.set(registry, answers);
  return answers;
}

/** Where administrators install what does not come from a package. */
const INSTALLED = ["/opt", "/usr/local", "/usr/share", "/var/lib"];

/** How deep below those a mirror is looked for. */
const DEPTH = 3;

/**
 * An installed mirror with the AWS provider that other users can't write to, found by its name.
 *
 * @param registry The topmost folder of a mirror.
 */
export function discoverMirror(
  registry: string,
  roots: readonly string[] = INSTALLED,
  depth = DEPTH,
): string | undefined {
  for (const root of roots) {
    if (hasAwsProvider(root, registry) && openToOthers(root, registry) === undefined) return root;
    const folders = depth > 0 ? entriesOf(root).filter((entry) => entry.isDirectory()) : [];
    const found = discoverMirror(
      registry,
      folders.map(({ name }) => join(root, name)),
      depth - 1,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Finds the AWS provider for the program that TERRAFORM_BINARY_NAME names: in the mirror that TF_PLUGIN_MIRROR names; else where Terraform looks by default; else, on a
 * machine that does not reach the registry, in an installed mirror. Where it has to ask the registry, the first call
 * takes up to 5 s.
 */
export function findProvider(environment: Environment = process.env): ProviderSource {
  const { registry, configurations } = terraformProduct(environment);
  const mirror = environment.TF_PLUGIN_MIRROR;
  if (mirror) return namedMirror(mirror, registry);
  const { HOME: home = homedir(), TF_CLI_CONFIG_FILE: configuration } = environment;
  const files = configuration ? [configuration] : configurations.map((name) => join(home, name));
  const isFoundByTerraform =
    files.some((file) => existsSync(file)) ||
    impliedMirrors(environment).some((directory) => hasAwsProvider(directory, registry)) ||
    reachesRegistry(registry, environment);
  if (isFoundByTerraform) return { ok: true };
  const installed = discoverMirror(registry);
  if (installed !== undefined) return { ok: true, mirror: installed };
  return {
    ok: false,
    reason: `no AWS provider: ${registry} does not answer, and no trusted mirror is installed; name one in TF_PLUGIN_MIRROR`,
  };
}

function namedMirror(mirror: string, registry: string): ProviderSource {
  if (!hasAwsProvider(mirror, registry)) {
    return {
      ok: false,
      reason: `TF_PLUGIN_MIRROR: found no ${awsProvider(registry)} in ${mirror}`,
    };
  }
  const open = openToOthers(mirror, registry);
  return open === undefined
    ? { ok: true, mirror }
    : {
        ok: false,
        reason: `TF_PLUGIN_MIRROR: other users can write to ${open}, so they could replace the provider; remove their permission, or use a copy of your own`,
      };
}
