import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import semver from "semver";
import { findProvider, type ProviderSource } from "./provider-mirror";
import { terraformBinary, terraformProduct } from "./terraform-program";

/* Terraform as it is installed on this machine. */

type Environment = Readonly<Record<string, string | undefined>>;

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
 * @param mirror A filesystem mirror, as `findProvider` finds it. Default: none.
 */
export function terraformEnvironment(base: Environment, mirror?: string): Record<string, string> {
  const environment: Record<string, string> = { CHECKPOINT_DISABLE: "1" };
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined) environment[name] = value;
  }
  const { TF_CLI_CONFIG_FILE: configuration } = environment;
  if (configuration !== undefined && !existsSync(configuration)) {
    delete environment.TF_CLI_CONFIG_FILE;
  }
  if (mirror !== undefined) {
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
 * Whether Terraform and the AWS provider can be run here, and from which mirror the provider comes. Where it has to ask
 * the registry, it takes up to 5 s.
 */
export function findTerraform(base: Environment = process.env): ProviderSource {
  const environment = terraformEnvironment(base);
  const binary = terraformBinary(environment);
  const { name, minimum } = terraformProduct(environment);
  const { stdout, status } = spawnSync(binary, ["version", "-json"], {
    env: environment,
    encoding: "utf8",
  });
  // OpenTofu has the field of this name too.
  const version =
    status === 0
      ? (JSON.parse(stdout) as { terraform_version?: string }).terraform_version
      : undefined;
  if (version && semver.gte(version, minimum)) return findProvider(environment);
  return {
    ok: false,
    reason: `${binary}: found ${version ?? "no such program"}; allowed: ${name} ${minimum} or newer`,
  };
}
