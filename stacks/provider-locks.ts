import { copyFileSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";

/*
 * Terraform's dependency lock files. Terraform reads one from the folder of a stack, which every synthesis may create
 * from scratch: so the committed ones are in a folder of their own, and synthesis copies them.
 *
 * Source: https://developer.hashicorp.com/terraform/language/files/dependency-lock
 */

/** The folder of the committed lock files, one for each stack; below the project's. */
export const PROVIDER_LOCKS = "providers.lock";

/** What Terraform calls a lock file. */
export const LOCK_FILE = ".terraform.lock.hcl";

/** The committed lock file of a stack. */
export function providerLock(stack: string): string {
  return resolve(PROVIDER_LOCKS, `${stack}.hcl`);
}

/** Copies the lock file of a stack to its folder, where there is one. @returns whether there is one. */
export function copyProviderLock(stack: string, directory: string): boolean {
  const lock = providerLock(stack);
  if (!existsSync(lock)) return false;
  copyFileSync(lock, join(directory, LOCK_FILE));
  return true;
}
