import { spawnSync } from "node:child_process";
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/*
 * Where Terraform gets the AWS provider from on this machine: from where it looks of itself, that is the public registry
 * and what the CLI configuration says; or from a filesystem mirror, a directory that contains registry.terraform.io/….
 */

const REGISTRY = "registry.terraform.io";
const AWS_PROVIDER = join(REGISTRY, "hashicorp", "aws");

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the provider comes from, or what to do where it comes from nowhere. */
export type ProviderSource =
  | {
      readonly ok: true;
      /** Absent where Terraform finds the provider of itself. */
      readonly mirror?: string;
    }
  | { readonly ok: false; /** One line. */ readonly reason: string };

function hasAwsProvider(mirror: string): boolean {
  const directory = join(mirror, AWS_PROVIDER);
  return existsSync(directory) && readdirSync(directory).length > 0;
}

/**
 * Directories in which Terraform looks for providers of itself, before it asks the registry.
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

/** Where administrators put what is not of a package; only they can write there. */
const INSTALLED = ["/opt", "/usr/local", "/usr/share", "/var/lib"];

/** How deep below those a mirror is looked for. */
const DEPTH = 3;

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A mirror with the AWS provider that somebody has installed, found by its name. */
export function discoverMirror(
  roots: readonly string[] = INSTALLED,
  depth = DEPTH,
): string | undefined {
  for (const root of roots) {
    if (hasAwsProvider(root)) return root;
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
 * Finds the AWS provider: in the mirror that TF_PLUGIN_MIRROR names; else where Terraform finds it of itself; else, on a
 * machine that does not reach the registry, in a mirror that is installed in a usual place. Where it has to ask the
 * registry, the first call takes up to 5 s.
 */
export function findProvider(environment: Environment = process.env): ProviderSource {
  const mirror = environment.TF_PLUGIN_MIRROR;
  if (mirror) {
    return hasAwsProvider(mirror)
      ? { ok: true, mirror }
      : { ok: false, reason: `TF_PLUGIN_MIRROR: found no ${AWS_PROVIDER} in ${mirror}` };
  }
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
    reason: `no AWS provider: ${REGISTRY} does not answer, and no mirror of it was found; TF_PLUGIN_MIRROR can name one`,
  };
}

/** The mirror that providers have to come from; undefined where Terraform finds them of itself, or nobody does. */
export function findMirror(environment: Environment = process.env): string | undefined {
  const source = findProvider(environment);
  return source.ok ? source.mirror : undefined;
}
