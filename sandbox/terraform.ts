import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import semver from "semver";
import { findProvider } from "./provider-mirror";

/* Terraform as this machine has it. */

/** The oldest Terraform with write-only arguments, which keep the upstream tokens out of the state. */
export const MINIMUM_TERRAFORM_VERSION = "1.11.0";

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
 * - a mirror, if there is one, as the only source of providers (`terraform init -plugin-dir`; no file is written, and a
 *   user's own CLI configuration stays in force), without cdktf's `terraform providers lock`, which asks the public
 *   registry, and without its cache, which it would leave in the user's home;
 * - TF_CLI_CONFIG_FILE dropped where it names a file that does not exist: Terraform would only warn about it;
 * - no calls home (https://checkpoint.hashicorp.com), which a machine without a network would wait for.
 *
 * @param mirror A filesystem mirror, as `findMirror` finds it. Default: that of TF_PLUGIN_MIRROR.
 */
export function terraformEnvironment(
  base: Environment = process.env,
  mirror: string | undefined = base.TF_PLUGIN_MIRROR,
): Record<string, string> {
  const environment: Record<string, string> = { CHECKPOINT_DISABLE: "1" };
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined) environment[name] = value;
  }
  const { TF_CLI_CONFIG_FILE: configuration } = environment;
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
  return binary.ok ? findProvider(environment) : binary;
}
