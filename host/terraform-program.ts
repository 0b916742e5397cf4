import { basename } from "node:path";
import { MINIMUM_TERRAFORM_VERSION } from "../ecr/environment/terraform-version";

/*
 * Which program is Terraform on this machine: HashiCorp's, or OpenTofu.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** A program that applies the synthesized stacks. */
export interface TerraformProduct {
  readonly name: "Terraform" | "OpenTofu";
  /** The registry that a provider's address without a host means, which is also a mirror's topmost folder. */
  readonly registry: string;
  /** The oldest version that works. */
  readonly minimum: string;
  /** The user's CLI configuration files, in the home directory. */
  readonly configurations: readonly string[];
}

/** The program that Terraform is: "terraform", or what cdktf's own variable TERRAFORM_BINARY_NAME names. */
export function terraformBinary(environment: Environment = process.env): string {
  return environment.TERRAFORM_BINARY_NAME ?? "terraform";
}

const TERRAFORM: TerraformProduct = {
  name: "Terraform",
  registry: "registry.terraform.io",
  minimum: MINIMUM_TERRAFORM_VERSION,
  configurations: [".terraformrc"],
};

const OPENTOFU: TerraformProduct = {
  name: "OpenTofu",
  registry: "registry.opentofu.org",
  // 1.11.0 refuses import blocks whose ID is an expression: https://github.com/opentofu/opentofu/issues/3567
  minimum: "1.11.1",
  // Source: https://opentofu.org/docs/cli/config/config-file
  configurations: [".tofurc", ".terraformrc"],
};

/** What the program is, by its file name: OpenTofu's begins with `tofu`. */
export function terraformProduct(environment: Environment = process.env): TerraformProduct {
  return basename(terraformBinary(environment)).startsWith("tofu") ? OPENTOFU : TERRAFORM;
}
