import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import {
  App,
  TerraformBackend,
  TerraformOutput,
  type TerraformProvider,
  type TerraformResource,
  TerraformStack,
  TerraformVariable,
} from "cdktf";
import { readFileSync } from "node:fs";
import type { FloorStack } from "./floor-input";

/*
 * The floor: a flat program that hands the resources of the app to cdktf with as little of its own as can be. It has no
 * checks, no constructs and no defaults; every value is worked out beforehand. What it takes is what cdktf takes.
 */

/** A resource or a data source. */
type ElementClass = new (stack: TerraformStack, id: string, config: object) => TerraformResource;

class Backend extends TerraformBackend {
  override getRemoteStateDataSource(): never {
    throw new Error("no stack reads another's state");
  }
}

function addStack(app: App, input: FloorStack, classes: Readonly<Record<string, ElementClass>>) {
  const stack = new TerraformStack(app, input.name);
  const backend = new Backend(stack, "backend", input.backend.type);
  for (const [key, value] of input.backend.settings) backend.addOverride(key, value);
  stack.addOverride("terraform.required_version", input.requiredVersion);
  stack.addOverride("terraform.required_providers.aws.version", input.providerVersion);

  const providers: Record<string, TerraformProvider> = {};
  for (const provider of input.providers) {
    const { alias } = provider;
    providers[`aws.${alias}`] = new AwsProvider(stack, `provider_${alias}`, provider);
  }
  for (const { module, name, config, dependsOn } of input.elements) {
    const element = new classes[module]!(stack, `${module}_${name}`, {
      ...config,
      provider: providers[config.provider],
      dependsOn: dependsOn?.map((fqn) => ({ fqn })),
    });
    element.overrideLogicalId(name);
  }
  for (const { name, config } of input.variables) {
    // An attribute that cdktf has no property for.
    new TerraformVariable(stack, name, config).addOverride("ephemeral", config.ephemeral);
  }
  for (const { name, config } of input.outputs) new TerraformOutput(stack, name, config);
}

/**
 * Synthesizes the stacks of the file that BENCH_DATA names.
 *
 * @param modules The modules of the provider's bindings that they need, by name.
 */
export function synthesizeFloor(modules: Readonly<Record<string, object>>): void {
  const classes = Object.fromEntries(
    Object.entries(modules).map(([name, exported]) => [
      name,
      // The others are of the blocks in it.
      Object.values(exported).find((value) => "tfResourceType" in value) as ElementClass,
    ]),
  );
  const stacks = JSON.parse(readFileSync(process.env.BENCH_DATA ?? "", "utf8")) as FloorStack[];
  const app = new App();
  for (const stack of stacks) addStack(app, stack, classes);
  app.synth();
}
