import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import semver from "semver";

/*
 * Terraform as this machine has it. Providers are found as Terraform finds them (the public registry, or what the CLI
 * configuration says), unless TF_PLUGIN_MIRROR names a filesystem mirror: a directory that contains
 * registry.terraform.io/….
 */

/** The oldest Terraform with write-only arguments, which keep the upstream tokens out of the state. */
export const MINIMUM_TERRAFORM_VERSION = "1.11.0";

const REGISTRY = "registry.terraform.io";
const AWS_PROVIDER = join(REGISTRY, "hashicorp", "aws");

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether something that a test or a command needs is there, and if not, what to do about it. */
export type Availability =
  { readonly ok: true } | { readonly ok: false; /** One line. */ readonly reason: string };

/** A word as TF_CLI_ARGS takes it, where a shell's quoting rules hold. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The environment in which Terraform and the cdktf CLI are to be run: the given one, with
 *
 * - the mirror of TF_PLUGIN_MIRROR as the only source of providers (`terraform init -plugin-dir`; no file is written,
 *   and a user's own CLI configuration stays in force), without cdktf's `terraform providers lock`, which asks the
 *   public registry, and without its cache, which it would leave in the user's home;
 * - TF_CLI_CONFIG_FILE dropped where it names a file that does not exist: Terraform would only warn about it;
 * - no calls home (https://checkpoint.hashicorp.com), which a machine without a network would wait for.
 */
export function terraformEnvironment(base: Environment = process.env): Record<string, string> {
  const environment: Record<string, string> = { CHECKPOINT_DISABLE: "1" };
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined) environment[name] = value;
  }
  const { TF_CLI_CONFIG_FILE: configuration, TF_PLUGIN_MIRROR: mirror } = environment;
  if (configuration !== undefined && !existsSync(configuration)) {
    delete environment.TF_CLI_CONFIG_FILE;
  }
  if (mirror) {
    environment.TF_CLI_ARGS_init = [
      environment.TF_CLI_ARGS_init,
      `-plugin-dir=${quote(resolve(mirror))}`,
    ]
      .filter(Boolean)
      .join(" ");
    environment.CDKTF_SKIP_PROVIDER_LOCK = "true";
    environment.CDKTF_DISABLE_PLUGIN_CACHE_ENV = "true";
  }
  return environment;
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

function hasAwsProvider(mirror: string): boolean {
  const directory = join(mirror, AWS_PROVIDER);
  return existsSync(directory) && readdirSync(directory).length > 0;
}

/** Whether the public registry answers this machine. Behind a proxy, Terraform itself has to find out. */
function reachesRegistry(environment: Environment): boolean {
  if (environment.HTTPS_PROXY ?? environment.https_proxy) return true;
  const probe = `fetch("https://${REGISTRY}/.well-known/terraform.json", { signal: AbortSignal.timeout(5000) })
    .then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
  return spawnSync(process.execPath, ["-e", probe]).status === 0;
}

function findAwsProvider(environment: Record<string, string>): Availability {
  const mirror = environment.TF_PLUGIN_MIRROR;
  if (mirror) {
    return hasAwsProvider(mirror)
      ? { ok: true }
      : { ok: false, reason: `TF_PLUGIN_MIRROR: found no ${AWS_PROVIDER} in ${mirror}` };
  }
  const configuration =
    environment.TF_CLI_CONFIG_FILE ?? join(environment.HOME ?? homedir(), ".terraformrc");
  const ok =
    existsSync(configuration) ||
    impliedMirrors(environment).some(hasAwsProvider) ||
    reachesRegistry(environment);
  if (ok) return { ok };
  return {
    ok,
    reason: `no AWS provider: ${REGISTRY} does not answer, and TF_PLUGIN_MIRROR names no mirror of it`,
  };
}

function findBinary(environment: Record<string, string>): Availability {
  const binary = environment.TERRAFORM_BINARY_NAME ?? "terraform";
  const allowed = `Terraform ${MINIMUM_TERRAFORM_VERSION} or newer`;
  const { stdout, status } = spawnSync(binary, ["version", "-json"], {
    env: environment,
    encoding: "utf8",
  });
  const version =
    status === 0
      ? (JSON.parse(stdout) as { terraform_version?: string }).terraform_version
      : undefined;
  if (version && semver.gte(version, MINIMUM_TERRAFORM_VERSION)) return { ok: true };
  return {
    ok: false,
    reason: `${binary}: found ${version ?? "no such program"}; allowed: ${allowed}`,
  };
}

/** Whether Terraform and the AWS provider can be run here. Where it has to ask the registry, it takes up to 5 s. */
export function findTerraform(base: Environment = process.env): Availability {
  const environment = terraformEnvironment(base);
  const binary = findBinary(environment);
  return binary.ok ? findAwsProvider(environment) : binary;
}
