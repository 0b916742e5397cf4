import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import type { Backend } from "../../ecr/environment/backend";
import { defineEnvironment } from "../../ecr/environment";
import { filesOf } from "../../hcl/files";
import { findTerraform, terraformEnvironment } from "../../host/terraform";
import { terraformBinary } from "../../host/terraform-program";
import { CacheStack } from "../../stacks/cache-stack";
import { backendTypes } from "../../ecr/environment/backend";
import { requireOrSkip } from "../support/require-or-skip";

/*
 * How far Terraform gets with the backend of an ejected stack: to its first call of a service that this machine does not have,
 * or to the credentials for it. `local`, `s3`, `http` and `pg` work for real in e2e/backends.test.ts.
 */

/** A port at which nothing answers. */
const NOWHERE = "127.0.0.1:9";

/** Each backend, and what Terraform says once it has read its settings. */
const backends: readonly [backend: Backend, stopsAt: RegExp][] = [
  [{ type: "local" }, /Successfully configured the backend "local"/],
  [
    { type: "s3", bucket: "acme", region: "us-east-1", endpoints: { s3: `http://${NOWHERE}` } },
    /credential/,
  ],
  [{ type: "gcs", bucket: "acme" }, /could not find default credentials/],
  [
    { type: "azurerm", storageAccountName: "acme", containerName: "state", resourceGroupName: "g" },
    /authorizer/,
  ],
  [{ type: "consul", address: NOWHERE, scheme: "http" }, /connection refused/],
  [
    { type: "cos", bucket: "acme-1250000000", region: "ap-guangzhou" },
    /not exists|connection refused/,
  ],
  [{ type: "oss", bucket: "acme", region: "cn-beijing" }, /connection refused/],
  [{ type: "http", address: `http://${NOWHERE}/states` }, /connection refused/],
  [{ type: "pg", connStr: `postgres://${NOWHERE}/state?sslmode=disable` }, /connection refused/],
  [{ type: "remote", organization: "acme" }, /app\.terraform\.io.*connection refused/s],
  [
    { type: "cloud", organization: "acme", project: "platform" },
    /app\.terraform\.io.*connection refused/s,
  ],
];

/** What Terraform says of a configuration that it can't read. */
const MISREAD =
  /Unsupported (argument|block)|Invalid|Missing required|Unsuitable|is not expected here/;

const terraform = findTerraform();

requireOrSkip(terraform, "every backend as Terraform reads it", () => {
  jest.setTimeout(120_000);

  test("there is a case for every type of backend", () => {
    expect(backends.map(([{ type }]) => type).sort()).toEqual([...backendTypes].sort());
  });

  test.each(backends.map(([backend, stopsAt]) => [backend.type, backend, stopsAt] as const))(
    "`terraform init` reads the backend %s of an ejected stack, and goes as far as its first call",
    (_type, backend, stopsAt) => {
      const directory = mkdtempSync(join(tmpdir(), "ecr-cache-backend-"));
      try {
        const environment = defineEnvironment({
          name: "stateful",
          account: "111111111111",
          regions: ["us-east-1"],
          backend,
          rules: [{ upstream: "quay" }],
        });
        const files = filesOf(new CacheStack(new App(), environment).printBlocks());
        writeFileSync(join(directory, "terraform.tf"), files["terraform.tf"]!);
        const { HOME: _home, ...env } = process.env;
        const { stdout, stderr } = spawnSync(
          terraformBinary(),
          ["init", "-no-color", "-input=false"],
          {
            cwd: directory,
            env: {
              ...terraformEnvironment(env, terraform.mirror),
              HOME: directory,
              AWS_EC2_METADATA_DISABLED: "true",
              // Nothing leaves this machine.
              HTTP_PROXY: `http://${NOWHERE}`,
              HTTPS_PROXY: `http://${NOWHERE}`,
            },
            encoding: "utf8",
          },
        );
        const said = stdout + stderr;
        expect(said).not.toMatch(MISREAD);
        expect(said).toMatch(stopsAt);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );
});
