import { App } from "cdktf";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Environment, managedRules } from "../ecr/environment";
import { checkEnvironments } from "../ecr/environment/conflicts";
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

/** What a run in one format leaves behind that a run in the other must take away, by the file that it writes. */
const OTHER_FORMAT: Readonly<Record<string, readonly string[]>> = {
  "cdk.tf": ["cdk.tf.json"],
  "cdk.tf.json": ["cdk.tf", "metadata.json"],
};

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
  // Terraform reads every file of a folder: one of the other format would say everything twice.
  const leftovers = OTHER_FORMAT[app.manifest.stackFileName] ?? [];
  for (const { workingDirectory } of Object.values(app.manifest.stacks)) {
    for (const file of leftovers) rmSync(join(app.outdir, workingDirectory, file), { force: true });
  }
  return app;
}
