/*
 * Names of resources in Terraform's state, made of region and prefix and never of a position in a list: adding,
 * removing or moving a rule touches that rule only. They are part of the contract with every deployed environment: a
 * changed name is a destroyed resource.
 */

/**
 * Parts as one Terraform identifier, such as `us-east-1_docker-hub`. No two different lists of parts that an
 * environment can hold give the same: a prefix has no two separators in a row, so `__` can only stand for `/`, and role
 * names that would give the same are refused.
 */
export function logicalId(...parts: readonly string[]): string {
  return parts
    .map((part) =>
      part
        .replaceAll("/", "__")
        .replaceAll(".", "_-")
        .replace(/[^A-Za-z0-9_-]/g, (character) => `_x${character.charCodeAt(0).toString(16)}_`),
    )
    .join("_");
}
