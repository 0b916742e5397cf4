/** The oldest Terraform with write-only arguments, which keep the upstream tokens out of the state. */
export const MINIMUM_TERRAFORM_VERSION = "1.11.0";
