import { App, type AppConfig, TerraformStack } from "cdktf";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentStack } from "../constructs/environment-stack";
import type { PullThroughCache } from "../constructs/pull-through-cache";
import { sandboxStateDirectory, useLocalState } from "../constructs/state-backend";
import { type Environment, managedRules } from "../ecr/environment";
import { checkEnvironments } from "../ecr/environment/conflicts";
import { UserError } from "../ecr/user-error";
import { CacheStack } from "./cache-stack";
import { ConsumerStack } from "./consumer-stack";
import { CredentialsStack } from "./credentials-stack";
import { copyProviderLock } from "./provider-locks";

/** What a run in one format leaves behind that a run in the other must remove, by the file that it writes. */
const OTHER_FORMAT: Readonly<Record<string, readonly string[]>> = {
  "cdk.tf": ["cdk.tf.json"],
  "cdk.tf.json": ["cdk.tf", "metadata.json"],
};

/**
 * The cdktf app of some environments: the stacks of each, `ENV`, `ENV-credentials` where a token is needed, and
 * `ENV-consumer-ACCOUNT` for each consumer. It hands out their caches to the stacks that are added to it.
 *
 * It writes Terraform below `cdktf.out`, or CDKTF_OUTDIR; as HCL where SYNTH_HCL_OUTPUT is true (cdktf's own variables).
 */
export class CacheApp extends App {
  private readonly cacheStacks = new Map<string, CacheStack>();
  private readonly unlocked: string[] = [];

  /** The directory of the states of all stacks in the sandbox; undefined outside of it. */
  readonly sandboxStates: string | undefined;

  /**
   * @param config cdktf's own.
   * @throws UserError where environments conflict, or where the sandbox's state would be that of a real deployment; then
   * nothing is written.
   */
  constructor(environments: readonly Environment[], config?: AppConfig) {
    // First, since an app creates its folder at once.
    checkEnvironments(environments);
    const sandboxStates = sandboxStateDirectory();
    super(config);
    this.sandboxStates = sandboxStates;
    for (const environment of environments) {
      if (managedRules(environment).length > 0) new CredentialsStack(this, environment);
      this.cacheStacks.set(environment.name, new CacheStack(this, environment, environments));
      for (const consumer of environment.access.consumers) {
        new ConsumerStack(this, environment, consumer);
      }
    }
  }

  /** All stacks, in the order in which they were added. */
  get stacks(): readonly TerraformStack[] {
    return this.node.findAll().filter((each) => TerraformStack.isStack(each));
  }

  /** The stacks without a committed lock file of their providers, once synthesized. */
  get unlockedStacks(): readonly string[] {
    return this.unlocked;
  }

  /**
   * The cache of an environment in one of its regions.
   *
   * @param environment The environment's name.
   * @throws UserError if there is no such environment, or it has no such region.
   */
  cache(environment: string, region: string): PullThroughCache {
    const stack = this.cacheStacks.get(environment);
    if (stack) return stack.cache(region);
    throw new UserError(
      `cache: found environment ${environment}; allowed: ${[...this.cacheStacks.keys()].join(", ")}`,
    );
  }

  override synth(): void {
    if (this.sandboxStates !== undefined) {
      for (const stack of this.stacks) {
        useLocalState(stack, this.sandboxStates);
        if (stack instanceof EnvironmentStack) stack.useCredentialsOfSandbox();
      }
    }
    super.synth();
    // Terraform reads every file of a folder: one of the other format would declare everything twice.
    const leftovers = OTHER_FORMAT[this.manifest.stackFileName] ?? [];
    for (const { name, workingDirectory } of Object.values(this.manifest.stacks)) {
      const directory = join(this.outdir, workingDirectory);
      for (const file of leftovers) rmSync(join(directory, file), { force: true });
      if (!copyProviderLock(name, directory)) this.unlocked.push(name);
    }
  }
}
