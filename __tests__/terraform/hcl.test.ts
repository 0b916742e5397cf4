import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findTerraform } from "../../host/terraform";
import { terraformBinary } from "../../host/terraform-program";
import { readHcl, readJson } from "../support/hcl";
import { generatedStacks, hardStacks } from "../support/hcl-stacks";
import { requireOrSkip } from "../support/require-or-skip";
import { inTemporaryDirectory } from "../support/temporary-directory";

requireOrSkip(findTerraform(), "the HCL of generated environments", () => {
  const stacks = [...hardStacks(), ...generatedStacks(1000)];

  test("the HCL of a thousand generated environments says what their JSON says", () => {
    const read = readHcl(stacks.map(({ hcl }) => hcl));

    for (const [index, { json }] of stacks.entries()) expect(read[index]).toEqual(readJson(json));
  }, 600_000);

  test("`terraform fmt` has nothing to change in the HCL of a thousand generated environments", () => {
    inTemporaryDirectory((directory) => {
      for (const [index, { hcl }] of stacks.entries()) {
        mkdirSync(join(directory, String(index)));
        writeFileSync(join(directory, String(index), "main.tf"), hcl);
      }
      const { TF_CLI_CONFIG_FILE: _, ...env } = process.env;
      const changed = execFileSync(terraformBinary(), ["fmt", "-check", "-recursive"], {
        cwd: directory,
        encoding: "utf8",
        env,
      });
      expect(changed).toBe("");
    });
  }, 600_000);
});
