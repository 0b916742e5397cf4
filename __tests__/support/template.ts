import { type App, type TerraformStack, Testing } from "cdktf";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CacheStack } from "../../stacks/cache-stack";
import { ConsumerStack } from "../../stacks/consumer-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { defineEnvironment, type Environment, type EnvironmentInput } from "../../ecr/environment";
import { inTemporaryDirectory } from "./temporary-directory";

type Json = Readonly<Record<string, unknown>>;
type Blocks = Readonly<Record<string, Readonly<Record<string, Json>>>>;

interface Synthesized {
  readonly terraform: Json & { readonly backend?: Json };
  readonly provider?: Readonly<Record<string, readonly Json[]>>;
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly output?: Readonly<Record<string, Json>>;
  readonly variable?: Readonly<Record<string, Json>>;
  readonly import?: readonly Json[];
  readonly removed?: readonly Json[];
}

/** The class of a resource, as the provider has it. */
interface ResourceType {
  readonly tfResourceType: string;
}

/** Leaves cdktf's comments out, at any depth. */
const withoutComments = (key: string, value: unknown) => (key === "//" ? undefined : value);

/** What a stack is synthesized to, as Terraform reads it. */
export class Template {
  private readonly content: Synthesized;

  /** @param text The whole of `cdk.tf.json`, for cdktf's own matchers. */
  private constructor(readonly text: string) {
    this.content = JSON.parse(text, withoutComments) as Synthesized;
  }

  /** Synthesizes one stack as `app.synth()` does: with validations, backend and aspects. */
  static of(makeStack: (app: App) => TerraformStack): Template {
    return inTemporaryDirectory((outdir) => {
      const app = Testing.app({ outdir });
      const { id } = makeStack(app).node;
      app.synth();
      return new Template(readFileSync(join(outdir, "stacks", id, "cdk.tf.json"), "utf8"));
    });
  }

  /** The template of an environment's cache stack. */
  static ofCache(environment: Environment): Template {
    return Template.of((app) => new CacheStack(app, environment));
  }

  /** The template of an environment's credentials stack. */
  static ofCredentials(environment: Environment): Template {
    return Template.of((app) => new CredentialsStack(app, environment));
  }

  /** The template of the stack of an environment's first consumer. */
  static ofConsumer(environment: Environment): Template {
    const [consumer] = environment.access.consumers;
    return Template.of((app) => new ConsumerStack(app, environment, consumer!));
  }

  /** How many resources there are of each type; types of which there are none are absent. */
  get resourceCounts(): Readonly<Record<string, number>> {
    return counts(this.content.resource);
  }

  /** How many data sources there are of each type. */
  get dataCounts(): Readonly<Record<string, number>> {
    return counts(this.content.data);
  }

  /** The addresses of all resources and data sources, such as `aws_iam_policy.pull`, sorted. */
  get addresses(): readonly string[] {
    return [...addresses(this.content.resource), ...addresses(this.content.data, "data.")].sort();
  }

  /**
   * The resources of a type by their names in Terraform. Throws where there are none, so that no loop over them passes
   * on nothing: `expect(template.text).not.toHaveResource(type)` says that there are none.
   */
  resources({ tfResourceType: type }: ResourceType): Readonly<Record<string, Json>> {
    const found = this.content.resource?.[type];
    if (!found) {
      const types = Object.keys(this.content.resource ?? {}).join(", ");
      throw new Error(`there is no ${type}, only ${types}`);
    }
    return found;
  }

  /** One resource by its address in Terraform, `TYPE.NAME`. */
  resource(address: string): Json {
    return at(this.content.resource, address);
  }

  /** One data source by its address in Terraform without `data.`. */
  data(address: string): Json {
    return at(this.content.data, address);
  }

  /** A policy or another document that is an argument of a resource, parsed. */
  document(address: string, argument: string): unknown {
    return JSON.parse(String(this.resource(address)[argument]));
  }

  get backend(): Json {
    return this.content.terraform.backend ?? {};
  }

  get terraform(): Json {
    return this.content.terraform;
  }

  get providers(): readonly Json[] {
    return this.content.provider?.aws ?? [];
  }

  get outputs(): Readonly<Record<string, Json>> {
    return this.content.output ?? {};
  }

  get variables(): Readonly<Record<string, Json>> {
    return this.content.variable ?? {};
  }

  get imports(): readonly Json[] {
    return this.content.import ?? [];
  }

  /** The `removed` blocks: what the state forgets. */
  get removed(): readonly Json[] {
    return this.content.removed ?? [];
  }
}

function counts(blocks: Blocks = {}): Record<string, number> {
  return Object.fromEntries(
    Object.entries(blocks).map(([type, byName]) => [type, Object.keys(byName).length]),
  );
}

function addresses(blocks: Blocks = {}, start = ""): string[] {
  return Object.entries(blocks).flatMap(([type, byName]) =>
    Object.keys(byName).map((name) => `${start}${type}.${name}`),
  );
}

function at(blocks: Blocks | undefined, address: string): Json {
  const [type = "", name = ""] = address.split(".");
  const block = blocks?.[type]?.[name];
  if (!block) throw new Error(`${address} is not among ${addresses(blocks).join(", ")}`);
  return block;
}

/** A sound environment, small, with what a test changes in it. */
export function anEnvironment(change: Partial<EnvironmentInput> = {}): Environment {
  return defineEnvironment({
    name: "dev",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }],
    ...change,
  });
}
