import { chmodSync } from "node:fs";
import { join } from "node:path";
import { ProjectCopy } from "./support/project-copy";

/* `npm run lock` with a stand-in for OpenTofu; with the real Terraform in e2e/lock.test.ts. */

// Each run loads cdktf and the AWS provider's bindings.
jest.setTimeout(60_000);

const project = new ProjectCopy();

afterAll(() => project.remove());

const tofu = (version: string) => {
  project.write(
    "bin/tofu",
    `#!/bin/sh
case "$1" in
  version) echo '{ "terraform_version": "${version}" }' ;;
  providers) echo "# $@" > .terraform.lock.hcl ;;
esac
`,
  );
  // Where there is a CLI configuration, no registry is asked.
  project.write(".tofurc", "");
  const program = join(project.directory, "bin/tofu");
  chmodSync(program, 0o755);
  return { TERRAFORM_BINARY_NAME: program, HOME: project.directory };
};

test("`npm run lock` locks with the program that TERRAFORM_BINARY_NAME names", () => {
  const { status, stdout, stderr } = project.launch(
    ["lock.ts", "--platform", "linux_arm64"],
    tofu("1.11.1"),
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^providers\.lock\/ locks the providers of 5 stacks\./);
  expect(project.read("providers.lock/prod.hcl")).toBe(
    "# providers lock -no-color -platform=linux_arm64\n",
  );
});

test("`npm run lock` refuses an OpenTofu that is too old, in one line", () => {
  const env = tofu("1.10.9");
  expect(project.launch(["lock.ts"], env)).toEqual({
    status: 2,
    stdout: "",
    stderr: `${env.TERRAFORM_BINARY_NAME}: found 1.10.9; allowed: OpenTofu 1.11.1 or newer\n`,
  });
});
