import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discoverMirror, findMirror } from "../../sandbox/provider-mirror";
import { findTerraform, terraformEnvironment } from "../../sandbox/terraform";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "terraform-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function mirror(name = "mirror"): string {
  const path = join(directory, name);
  mkdirSync(join(path, "registry.terraform.io/hashicorp/aws/5.100.0"), { recursive: true });
  return path;
}

function terraform(version: string): Record<string, string> {
  const binary = join(directory, "terraform");
  writeFileSync(binary, `#!/bin/sh\necho '{"terraform_version":"${version}"}'\n`);
  chmodSync(binary, 0o755);
  return { PATH: process.env.PATH ?? "", HOME: directory, TERRAFORM_BINARY_NAME: binary };
}

describe("terraformEnvironment", () => {
  test("keeps the environment, and calls nobody home", () => {
    expect(
      terraformEnvironment({ PATH: "/bin", AWS_REGION: "eu-west-1", GONE: undefined }),
    ).toEqual({ PATH: "/bin", AWS_REGION: "eu-west-1", CHECKPOINT_DISABLE: "1" });
  });

  test("makes a mirror the only source of providers, after arguments that are there already", () => {
    expect(
      terraformEnvironment({ TF_PLUGIN_MIRROR: "/a mirror", TF_CLI_ARGS_init: "-no-color" }),
    ).toEqual({
      CHECKPOINT_DISABLE: "1",
      TF_PLUGIN_MIRROR: "/a mirror",
      TF_CLI_ARGS_init: "-no-color -plugin-dir='/a mirror'",
      CDKTF_SKIP_PROVIDER_LOCK: "true",
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: "true",
    });
  });

  test("names a mirror so that Terraform finds it from the folder of a stack", () => {
    expect(terraformEnvironment({ TF_PLUGIN_MIRROR: "mirror" })).toMatchObject({
      TF_CLI_ARGS_init: `-plugin-dir='${join(process.cwd(), "mirror")}'`,
    });
  });

  test("drops a CLI configuration that does not exist, and keeps one that does", () => {
    const file = join(directory, "terraformrc");
    expect(terraformEnvironment({ TF_CLI_CONFIG_FILE: file })).not.toHaveProperty(
      "TF_CLI_CONFIG_FILE",
    );
    writeFileSync(file, "");
    expect(terraformEnvironment({ TF_CLI_CONFIG_FILE: file })).toHaveProperty(
      "TF_CLI_CONFIG_FILE",
      file,
    );
  });
});

describe("findMirror", () => {
  test("is the one that is named", () => {
    const named = mirror();
    expect(findMirror({ TF_PLUGIN_MIRROR: named })).toBe(named);
  });

  test("is none where Terraform finds the provider of itself", () => {
    mirror(".terraform.d/plugins");
    expect(findMirror({ HOME: directory })).toBeUndefined();
  });
});

describe("discoverMirror", () => {
  test("finds a mirror by its name, some folders down", () => {
    mkdirSync(join(directory, "empty"));
    const installed = mirror("tools/terraform/mirror");
    expect(discoverMirror([join(directory, "absent"), directory])).toBe(installed);
  });

  test("takes none without the AWS provider, nor one that is deep down", () => {
    mkdirSync(join(directory, "empty/registry.terraform.io/hashicorp/aws"), { recursive: true });
    mirror("some/where/deep/down");
    expect(discoverMirror([directory])).toBeUndefined();
  });
});

describe("findTerraform", () => {
  test("is content with Terraform 1.11 and a mirror that holds the AWS provider", () => {
    const environment = { ...terraform("1.11.0"), TF_PLUGIN_MIRROR: mirror() };
    expect(findTerraform(environment)).toMatchObject({ ok: true });
  });

  test("says which version it found where that is too old", () => {
    const environment = { ...terraform("1.10.5"), TF_PLUGIN_MIRROR: mirror() };
    expect(findTerraform(environment)).toEqual({
      ok: false,
      reason: `${join(directory, "terraform")}: found 1.10.5; allowed: Terraform 1.11.0 or newer`,
    });
  });

  test("says that there is no Terraform", () => {
    expect(findTerraform({ PATH: directory })).toEqual({
      ok: false,
      reason: "terraform: found no such program; allowed: Terraform 1.11.0 or newer",
    });
  });

  test("says that the mirror lacks the AWS provider", () => {
    expect(findTerraform({ ...terraform("1.11.4"), TF_PLUGIN_MIRROR: directory })).toEqual({
      ok: false,
      reason: `TF_PLUGIN_MIRROR: found no registry.terraform.io/hashicorp/aws in ${directory}`,
    });
  });

  test("trusts a directory in which Terraform looks of itself", () => {
    mirror(".terraform.d/plugins");
    expect(findTerraform(terraform("1.11.4"))).toEqual({ ok: true });
  });

  test("trusts a CLI configuration of the user's", () => {
    writeFileSync(join(directory, ".terraformrc"), "");
    expect(findTerraform(terraform("1.11.4"))).toEqual({ ok: true });
  });
});
