import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { stackBackend } from "../ecr/environment/backend";
import type { Environment } from "../ecr/environment";
import type { DeclaredStack } from "../ecr/environment/stack-name";
import { MINIMUM_TERRAFORM_VERSION } from "../ecr/environment/terraform-version";
import { type Body, printBlocks, type TopLevelBlock } from "../hcl/configuration";
import { blocksOfStack } from "./hcl-blocks";
import type { PullerAccess } from "./puller-access";
import { addBackend } from "./state-backend";

/**
 * What the stacks of an environment have in common: state, provider versions, and one provider for each region; of a
 * consumer's stack, which has only what is global, one provider.
 */
export abstract class EnvironmentStack extends TerraformStack {
  private readonly providers: ReadonlyMap<string, AwsProvider>;

  constructor(
    scope: Construct,
    readonly environment: Environment,
    private readonly declared: DeclaredStack,
  ) {
    const { kind, name, placement } = declared;
    super(scope, name);
    // cdktn lets a stack use write-only arguments only where it declares such versions. cdktf does not read this.
    const version = `>=${MINIMUM_TERRAFORM_VERSION}`;
    this.node.setContext("targetVersions", { terraform: version, opentofu: version });
    addBackend(this, stackBackend(placement.backend, kind, name));

    const { regions, formerRegions, tags } = environment;
    const { account, profile, assumeRole } = placement;
    // The provider of a consumer has no alias: the state refers to it whatever regions the environment has.
    const isGlobal = kind === "consumer";
    const of = isGlobal ? regions.slice(0, 1) : [...regions, ...formerRegions];
    this.providers = new Map(
      of.map((region) => [
        region,
        new AwsProvider(this, isGlobal ? "aws" : `aws_${region}`, {
          ...(!isGlobal && { alias: region }),
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
    const blocks = this.printBlocks();
    return { hcl: `${blocks.map(({ text }) => text).join("\n\n")}\n`, metadata };
  }

  /**
   * The blocks of the stack's HCL.
   *
   * @param change Changes the configuration before it is printed. Default: it stays as it is.
   */
  printBlocks(change: (configuration: Body) => Body = (same) => same): TopLevelBlock[] {
    return printBlocks(change(this.toTerraform() as Body), blocksOfStack(this));
  }

  /**
   * Leaves profile and role out, for the sandbox, which gives credentials that know neither: they are those of the
   * environment's account, and the id of any other account is the access key of its administrator.
   */
  useCredentialsOfSandbox(): void {
    const { account } = this.declared.placement;
    for (const provider of this.providers.values()) {
      provider.resetProfile();
      provider.resetAssumeRole();
      if (account === this.environment.account) continue;
      provider.accessKey = account;
      provider.secretKey = "sandbox";
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

  /**
   * Adds the output of the policies that allow pulling.
   *
   * @param option Where the roles are that have them.
   */
  protected addPolicyOutput({ policyArns }: PullerAccess, option: string): void {
    new TerraformOutput(this, "puller_policy_arns", {
      description: `The IAM policies that allow pulling, for roles that are not in ${option}`,
      value: policyArns,
    });
  }
}
