import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { type StackKind, stackBackend } from "../ecr/environment/backend";
import type { Environment } from "../ecr/environment";
import { stackName } from "../ecr/environment/stack-name";
import { MINIMUM_TERRAFORM_VERSION } from "../ecr/environment/terraform-version";
import { type Body, printBlocks } from "../hcl/configuration";
import { blocksOfStack } from "./hcl-blocks";
import { addBackend } from "./state-backend";

/** What the two stacks of an environment have in common: state, provider versions, and one provider for each region. */
export abstract class EnvironmentStack extends TerraformStack {
  private readonly providers: ReadonlyMap<string, AwsProvider>;

  constructor(
    scope: Construct,
    kind: StackKind,
    readonly environment: Environment,
  ) {
    const name = stackName(environment, kind);
    super(scope, name);
    // cdktn lets a stack use write-only arguments only where it declares such versions. cdktf does not read this.
    const version = `>=${MINIMUM_TERRAFORM_VERSION}`;
    this.node.setContext("targetVersions", { terraform: version, opentofu: version });
    addBackend(this, stackBackend(environment.backend, kind, name));

    const { account, regions, formerRegions, tags, profile, assumeRole } = environment;
    this.providers = new Map(
      [...regions, ...formerRegions].map((region) => [
        region,
        new AwsProvider(this, `aws_${region}`, {
          alias: region,
          region,
          allowedAccountIds: [account],
          ...(profile !== undefined && { profile }),
          ...(assumeRole && { assumeRole: [assumeRole] }),
          ...(Object.keys(tags).length > 0 && { defaultTags: [{ tags: { ...tags } }] }),
        }),
      ]),
    );
    this.addOverride("terraform.required_version", `>= ${MINIMUM_TERRAFORM_VERSION}`);
    // In full, as cdktn writes it, where cdktf writes `aws`.
    this.addOverride("terraform.required_providers.aws", {
      source: "hashicorp/aws",
      version: environment.awsProviderVersion,
    });
  }

  override toHclTerraform(): { hcl: string; metadata: unknown } {
    // cdktf 0.21 renders HCL that Terraform refuses, or reads as something else, for some strings and most backends.
    const { metadata } = super.toHclTerraform() as { metadata: unknown };
    const blocks = printBlocks(this.toTerraform() as Body, blocksOfStack(this));
    return { hcl: `${blocks.map(({ text }) => text).join("\n\n")}\n`, metadata };
  }

  /** Leaves the environment's profile and role out, for the sandbox, which gives credentials that know neither. */
  useCredentialsOfSandbox(): void {
    for (const provider of this.providers.values()) {
      provider.resetProfile();
      provider.resetAssumeRole();
    }
  }

  /** The provider of one of the environment's regions. */
  protected provider(region: string): AwsProvider {
    const provider = this.providers.get(region);
    if (!provider) throw new Error(`environment ${this.environment.name} has no region ${region}`);
    return provider;
  }

  /** The provider for what an account has once, whatever the region. */
  protected get globalProvider(): AwsProvider {
    return this.provider(this.environment.regions[0]!);
  }
}
