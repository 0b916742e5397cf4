import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { stacksOf } from "../../ecr/environment/stack-name";
import { environments } from "../../environments/index";
import { findTerraform, terraformEnvironment } from "../../host/terraform";
import { terraformBinary } from "../../host/terraform-program";
import { CacheApp } from "../../stacks/cache-app";
import { maximal } from "./environments";
import { requireOrSkip } from "./require-or-skip";

const run = promisify(execFile);
const terraform = findTerraform();
const env = terraformEnvironment(process.env, terraform.mirror);

interface Validation {
  readonly valid: boolean;
  readonly diagnostics: readonly { readonly severity: string; readonly summary: string }[];
}

/** What Terraform says of a stack with the real provider; the backend is left alone. */
async function validate(directory: string): Promise<Validation> {
  await run(terraformBinary(), ["init", "-backend=false", "-input=false"], { cwd: directory, env });
  // A configuration that is not valid makes the command fail, with its answer on stdout all the same.
  const { stdout } = await run(terraformBinary(), ["validate", "-json"], {
    cwd: directory,
    env,
  }).catch((error: unknown) => error as { stdout: string });
  return JSON.parse(stdout) as Validation;
}

/**
 * Synthesizes every environment of the project and the maximal one in a format, and has Terraform validate each stack with the
 * real provider. A format is a test file, so that the two run side by side.
 */
export function describeValidation(format: "json" | "hcl"): void {
  requireOrSkip(terraform, `terraform validate with the real AWS provider, ${format}`, () => {
    jest.setTimeout(120_000);

    const outdir = mkdtempSync(join(tmpdir(), "ecr-cache-validate-"));
    const stacks = [...environments, maximal].flatMap((environment) =>
      stacksOf(environment).map(({ name }) => name),
    );

    beforeAll(() => {
      process.env.CDKTF_OUTDIR = outdir;
      process.env.SYNTH_HCL_OUTPUT = String(format === "hcl");
      new CacheApp([...environments, maximal]).synth();
    });

    afterAll(() => {
      rmSync(outdir, { recursive: true, force: true });
    });

    test(`every synthesized stack is validated, as ${format}`, () => {
      expect(readdirSync(join(outdir, "stacks")).sort()).toEqual([...stacks].sort());
    });

    test.each(stacks)(
      `Terraform validates %s without an error or a warning, as ${format}`,
      async (stack) => {
        const { diagnostics, valid } = await validate(join(outdir, "stacks", stack));
        expect(diagnostics).toEqual([]);
        expect(valid).toBe(true);
      },
    );
  });
}
