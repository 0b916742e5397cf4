import type { App } from "cdktf";
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
