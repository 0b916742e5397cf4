import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discoverMirror, findProvider } from "../../host/provider-mirror";
import { findTerraform, terraformEnvironment } from "../../host/terraform";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "terraform-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function mirror(name = "mirror", registry = "registry.terraform.io"): string {
  const path = join(directory, name);
  mkdirSync(join(path, registry, "hashicorp/aws/5.100.0"), { recursive: true });
  return path;
}

/** The environment of a machine whose Terraform is a program that only knows its version. */
function terraform(version: string, name = "terraform"): Record<string, string> {
  const binary = join(directory, name);
  writeFileSync(binary, `#!/bin/sh\necho '{"terraform_version":"${version}"}'\n`);
  chmodSync(binary, 0o755);
  return { PATH: process.env.PATH ?? "", HOME: directory, TERRAFORM_BINARY_NAME: binary };
}

describe("`terraformEnvironment`", () => {
  test("keeps the environment and turns Terraform's calls home off", () => {
    expect(
      terraformEnvironment({ PATH: "/bin", AWS_REGION: "eu-west-1", GONE: undefined }),
    ).toEqual({ PATH: "/bin", AWS_REGION: "eu-west-1", CHECKPOINT_DISABLE: "1" });
  });

  test("makes a mirror the only source of providers, after arguments that are there already", () => {
    expect(terraformEnvironment({ TF_CLI_ARGS_init: "-no-color" }, "/a mirror")).toEqual({
      CHECKPOINT_DISABLE: "1",
      TF_CLI_ARGS_init: "-no-color -plugin-dir='/a mirror'",
      CDKTF_SKIP_PROVIDER_LOCK: "true",
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: "true",
    });
  });

  test("resolves a mirror's path, so that Terraform finds it from the folder of a stack", () => {
    expect(terraformEnvironment({}, "mirror")).toMatchObject({
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

describe("`findProvider`", () => {
  test("takes the mirror that TF_PLUGIN_MIRROR names", () => {
    const named = mirror();
    expect(findProvider({ TF_PLUGIN_MIRROR: named })).toEqual({ ok: true, mirror: named });
  });

  test("finds no mirror where Terraform finds the provider by itself", () => {
    mirror(".terraform.d/plugins");
    expect(findProvider({ HOME: directory })).toEqual({ ok: true });
  });

  test.each([
    ["the mirror", ""],
    ["a folder above the mirror", ".."],
    ["a folder of a version", "registry.terraform.io/hashicorp/aws/5.100.0"],
  ])("refuses a mirror where other users can write to %s", (_, path) => {
    const named = mirror("open/mirror");
    const open = join(named, path);
    chmodSync(open, 0o777);
    expect(findProvider({ TF_PLUGIN_MIRROR: named })).toEqual({
      ok: false,
      reason: `TF_PLUGIN_MIRROR: other users can write to ${open}, so they could replace the provider; remove their permission, or use a copy of your own`,
    });
  });

  test("refuses a mirror with a link to a folder that other users can write to", () => {
    const named = mirror();
    const elsewhere = join(directory, "elsewhere");
    mkdirSync(join(elsewhere, "5.101.0"), { recursive: true });
    chmodSync(elsewhere, 0o777);
    symlinkSync(
      join(elsewhere, "5.101.0"),
      join(named, "registry.terraform.io/hashicorp/aws/5.101.0"),
    );
    expect(findProvider({ TF_PLUGIN_MIRROR: named })).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`write to ${elsewhere},`) as string,
    });
  });

  test("takes a mirror of the user's in a temporary folder, whose entries others can't replace", () => {
    const temporary = join(directory, "tmp");
    const named = mirror("tmp/mirror");
    chmodSync(temporary, 0o1777);
    expect(findProvider({ TF_PLUGIN_MIRROR: named })).toEqual({ ok: true, mirror: named });
  });
});

describe("`discoverMirror`", () => {
  test("finds a mirror by its name, some folders down", () => {
    mkdirSync(join(directory, "empty"));
    const installed = mirror("tools/terraform/mirror");
    expect(discoverMirror("registry.terraform.io", [join(directory, "absent"), directory])).toBe(
      installed,
    );
  });

  test("ignores a mirror without the AWS provider, and one that is deep down", () => {
    mkdirSync(join(directory, "empty/registry.terraform.io/hashicorp/aws"), { recursive: true });
    mirror("some/where/deep/down");
    expect(discoverMirror("registry.terraform.io", [directory])).toBeUndefined();
  });

  test("passes over a mirror that other users can write to", () => {
    chmodSync(mirror("first"), 0o777);
    const installed = mirror("second");
    expect(discoverMirror("registry.terraform.io", [directory])).toBe(installed);
  });

  test("does not look into the temporary folder or a user's home", () => {
    const searched = process.env.TMPDIR ?? "/tmp";
    mirror();
    expect(discoverMirror("registry.terraform.io")?.startsWith(searched)).not.toBe(true);
  });
});

describe("`findTerraform`", () => {
  test("accepts Terraform 1.11 with a mirror that contains the AWS provider", () => {
    const environment = { ...terraform("1.11.0"), TF_PLUGIN_MIRROR: mirror() };
    expect(findTerraform(environment)).toMatchObject({ ok: true });
  });

  test("reports the version of a Terraform that is too old", () => {
    const environment = { ...terraform("1.10.5"), TF_PLUGIN_MIRROR: mirror() };
    expect(findTerraform(environment)).toEqual({
      ok: false,
      reason: `${join(directory, "terraform")}: found 1.10.5; allowed: Terraform 1.11.0 or newer`,
    });
  });

  test("reports that there is no Terraform", () => {
    expect(findTerraform({ PATH: directory })).toEqual({
      ok: false,
      reason: "terraform: found no such program; allowed: Terraform 1.11.0 or newer",
    });
  });

  test("reports that the mirror lacks the AWS provider", () => {
    expect(findTerraform({ ...terraform("1.11.4"), TF_PLUGIN_MIRROR: directory })).toEqual({
      ok: false,
      reason: `TF_PLUGIN_MIRROR: found no registry.terraform.io/hashicorp/aws in ${directory}`,
    });
  });

  test("trusts a directory in which Terraform looks by itself", () => {
    mirror(".terraform.d/plugins");
    expect(findTerraform(terraform("1.11.4"))).toEqual({ ok: true });
  });

  test("trusts the user's CLI configuration", () => {
    writeFileSync(join(directory, ".terraformrc"), "");
    expect(findTerraform(terraform("1.11.4"))).toEqual({ ok: true });
  });
});

describe("OpenTofu, which TERRAFORM_BINARY_NAME names", () => {
  const OPENTOFU = "registry.opentofu.org";

  test("OpenTofu 1.11.1 is accepted, with a mirror of its own registry", () => {
    const named = mirror("mirror", OPENTOFU);
    expect(findTerraform({ ...terraform("1.11.1", "tofu"), TF_PLUGIN_MIRROR: named })).toEqual({
      ok: true,
      mirror: named,
    });
  });

  test("OpenTofu 1.11.0, which refuses some import blocks, is not accepted", () => {
    const environment = terraform("1.11.0", "tofu");
    expect(findTerraform(environment)).toEqual({
      ok: false,
      reason: `${environment.TERRAFORM_BINARY_NAME}: found 1.11.0; allowed: OpenTofu 1.11.1 or newer`,
    });
  });

  test("a mirror of Terraform's registry is none for OpenTofu, and the other way round", () => {
    const environment = { ...terraform("1.12.6", "tofu"), TF_PLUGIN_MIRROR: mirror() };
    expect(findTerraform(environment)).toEqual({
      ok: false,
      reason: `TF_PLUGIN_MIRROR: found no ${OPENTOFU}/hashicorp/aws in ${environment.TF_PLUGIN_MIRROR}`,
    });
    expect(findProvider({ TF_PLUGIN_MIRROR: mirror("other", OPENTOFU) })).toMatchObject({
      ok: false,
    });
  });

  test("an installed mirror is found by the name of the registry", () => {
    mirror("first");
    const installed = mirror("second", OPENTOFU);
    expect(discoverMirror(OPENTOFU, [directory])).toBe(installed);
  });

  test("OpenTofu's CLI configuration is trusted", () => {
    writeFileSync(join(directory, ".tofurc"), "");
    expect(findTerraform(terraform("1.12.6", "tofu"))).toEqual({ ok: true });
  });
});
