import { Command } from "commander";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApp } from "./app";
import { count } from "./cli/shell/output";
import { UserError } from "./ecr/user-error";
import { findTerraform, terraformEnvironment } from "./host/terraform";
import { terraformBinary } from "./host/terraform-program";
import { LOCK_FILE, PROVIDER_LOCKS, providerLock } from "./stacks/provider-locks";

/*
 * `npm run lock`: the lock files of every stack's providers, which synthesis copies to the stacks. With them, a plan and
 * the deployment after it use the same provider, and Terraform compares its checksum.
 */

const PLATFORMS = ["linux_amd64", "linux_arm64", "darwin_arm64"];

/** This machine, as Go names it. */
const OWN_PLATFORM = [
  process.platform === "win32" ? "windows" : process.platform,
  process.arch === "x64" ? "amd64" : process.arch,
].join("_");

/** What a stack requires, by which those that require the same share one run. */
function requirementsOf(directory: string): string {
  const { terraform } = JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as {
    terraform: { required_providers?: object };
  };
  return JSON.stringify(terraform.required_providers ?? {});
}

/** @param platforms Where Terraform is to run; none: this machine. */
function lockIn(directory: string, platforms: readonly string[], mirror?: string): string {
  const source = mirror === undefined ? [] : [`-fs-mirror=${mirror}`];
  const { status, stderr } = spawnSync(
    terraformBinary(),
    ["providers", "lock", "-no-color", ...source, ...platforms.map((name) => `-platform=${name}`)],
    { cwd: directory, env: terraformEnvironment(process.env, mirror), encoding: "utf8" },
  );
  if (status !== 0) {
    throw new UserError(`${terraformBinary()} providers lock failed:\n${stderr.trim()}`);
  }
  return readFileSync(join(directory, LOCK_FILE), "utf8");
}

/** The text of each stack's lock file. @throws UserError if Terraform is not there, or cannot find a provider. */
function lockStacks(directory: string, chosen: readonly string[]): Map<string, string> {
  const terraform = findTerraform();
  if (!terraform.ok) throw new UserError(terraform.reason);
  const { mirror } = terraform;
  const usual = mirror === undefined ? [...new Set([OWN_PLATFORM, ...PLATFORMS])] : [];
  const platforms = chosen.length > 0 ? chosen : usual;

  process.env.CDKTF_OUTDIR = directory;
  const app = buildApp();
  app.synth();
  const byRequirements = new Map<string, string>();
  return new Map(
    Object.values(app.manifest.stacks).map(({ name, workingDirectory }) => {
      const folder = join(app.outdir, workingDirectory);
      const requirements = requirementsOf(folder);
      const lock = byRequirements.get(requirements) ?? lockIn(folder, platforms, mirror);
      byRequirements.set(requirements, lock);
      return [name, lock];
    }),
  );
}

function lock(platforms: readonly string[]): void {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-lock-"));
  try {
    const locks = lockStacks(directory, platforms);
    mkdirSync(PROVIDER_LOCKS, { recursive: true });
    for (const name of readdirSync(PROVIDER_LOCKS)) {
      if (name.endsWith(".hcl") && !locks.has(name.slice(0, -".hcl".length))) {
        rmSync(join(PROVIDER_LOCKS, name));
      }
    }
    for (const [stack, text] of locks) writeFileSync(providerLock(stack), text);
    console.log(
      `${PROVIDER_LOCKS}/ locks the providers of ${count(locks.size, "stack")}. Commit the folder.`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

new Command("npm run lock --")
  .description(
    `write ${PROVIDER_LOCKS}/STACK.hcl for every stack, with the newest providers that it allows`,
  )
  .option(
    "--platform <os_arch...>",
    "where Terraform is to run, such as linux_arm64 (default: this machine, linux_amd64, linux_arm64 and darwin_arm64; with a mirror, this machine)",
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(({ platform = [] }: { platform?: readonly string[] }) => lock(platform))
  .parse();
