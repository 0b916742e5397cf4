import { App } from "cdktf";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { checkEnvironments, type Environment, managedRules } from "../ecr/environment";
import { CacheStack } from "./cache-stack";
import { CredentialsStack } from "./credentials-stack";

/**
 * Adds the stacks of every environment: `ENV`, and `ENV-credentials` where a token is needed.
 *
 * @throws UserError where environments are in each other's way.
 */
export function addStacks(app: App, environments: readonly Environment[]): void {
  checkEnvironments(environments);
  for (const environment of environments) {
    if (managedRules(environment).length > 0) new CredentialsStack(app, environment);
    new CacheStack(app, environment);
  }
}

/** The file of a stack, in the one format and in the other. */
const STACK_FILES = ["cdk.tf", "cdk.tf.json"];

/**
 * Writes the Terraform of every environment below `cdktf.out`, or CDKTF_OUTDIR; as HCL where SYNTH_HCL_OUTPUT is true
 * (cdktf's own variables).
 *
 * @throws UserError where environments are in each other's way; then nothing is written.
 */
export function synthesize(environments: readonly Environment[]): App {
  checkEnvironments(environments);
  const app = new App();
  addStacks(app, environments);
  app.synth();
  // Terraform reads every file of a folder: one of the other format, left by an earlier run, would say all twice.
  for (const { workingDirectory } of Object.values(app.manifest.stacks)) {
    for (const file of STACK_FILES.filter((name) => name !== app.manifest.stackFileName)) {
      rmSync(join(app.outdir, workingDirectory, file), { force: true });
    }
  }
  return app;
}
