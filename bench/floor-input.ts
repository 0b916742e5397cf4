import type { AwsProviderConfig } from "@cdktf/provider-aws/lib/provider";
import type { TerraformOutputConfig, TerraformVariableConfig } from "cdktf";

/* What the floor is given: the Terraform of the app's stacks, in the names and the order that cdktf's classes take. */

interface Named<Config> {
  readonly name: string;
  readonly config: Config;
}

interface FloorElement extends Named<{ readonly provider: string }> {
  /** The module of the provider's bindings, such as `ecr-registry-policy`. */
  readonly module: string;
  readonly dependsOn?: readonly string[];
}

/** A stack, as the floor hands it to cdktf. */
export interface FloorStack {
  readonly name: string;
  readonly backend: {
    readonly type: string;
    readonly settings: readonly (readonly [string, unknown])[];
  };
  readonly requiredVersion: string;
  readonly providerVersion: string;
  readonly providers: readonly AwsProviderConfig[];
  readonly elements: readonly FloorElement[];
  readonly variables: readonly Named<TerraformVariableConfig & { readonly ephemeral?: true }>[];
  readonly outputs: readonly Named<TerraformOutputConfig>[];
}

/** Blocks and attributes by type and name. */
type Blocks<Attributes = object> = Readonly<Record<string, Readonly<Record<string, Attributes>>>>;

/** What is read of a stack's `cdk.tf.json`. */
export interface StackJson {
  readonly terraform: {
    readonly backend: Readonly<Record<string, object>>;
    readonly required_version: string;
    readonly required_providers: { readonly aws: { readonly version: string } };
  };
  readonly provider: { readonly aws: readonly object[] };
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly variable?: Readonly<Record<string, object>>;
  readonly output?: Readonly<Record<string, object>>;
}

/** Attributes whose keys are the user's. */
const MAPS = new Set(["tags", "resource_tags", "variables", "value"]);

/** The properties of cdktf's classes for attributes and blocks of Terraform. */
function properties(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(properties);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      MAPS.has(key) ? inner : properties(inner),
    ]),
  );
}

const named = <Config>(blocks: Readonly<Record<string, object>> = {}): Named<Config>[] =>
  Object.entries(blocks).map(([name, block]) => ({ name, config: properties(block) as Config }));

const elements = (blocks: Blocks = {}, prefix = ""): FloorElement[] =>
  Object.entries(blocks).flatMap(([type, byName]) =>
    named<FloorElement["config"] & { dependsOn?: readonly string[] }>(byName).map(
      ({ name, config: { dependsOn, ...config } }) => ({
        module: prefix + type.replace(/^aws_/, "").replaceAll("_", "-"),
        name,
        config,
        dependsOn,
      }),
    ),
  );

/** What the floor makes a stack from. */
export function floorStack(name: string, json: StackJson): FloorStack {
  const { backend, required_version, required_providers } = json.terraform;
  const [[type, settings]] = Object.entries(backend) as [[string, object]];
  return {
    name,
    backend: { type, settings: Object.entries(settings) },
    requiredVersion: required_version,
    providerVersion: required_providers.aws.version,
    providers: json.provider.aws.map(properties) as AwsProviderConfig[],
    elements: [...elements(json.data, "data-aws-"), ...elements(json.resource)],
    variables: named(json.variable),
    outputs: named(json.output),
  };
}
