import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { topicArn } from "../../ecr/maintenance-resources";
import { bundleLambda } from "../../reconcile/lambda/bundle";
import { MaintenanceDashboard } from "./dashboard";
import { RegionMaintenance } from "./region";

export interface MaintenanceProps {
  /** An environment with maintenance. */
  readonly environment: Environment;
  /** All environments: what belongs to another one in the same registry is left to it. */
  readonly environments: readonly Environment[];
  /** The provider of a region. */
  readonly provider: (region: string) => AwsProvider;
  /** The provider for the dashboard, which an account has once, whatever the region. */
  readonly globalProvider: AwsProvider;
}

/**
 * The maintenance of an environment: in each region the functions, what sets them off and the alarms, and one dashboard
 * for all.
 */
export class Maintenance extends Construct {
  /** The ARN of the topic for notifications, by region. */
  readonly topicArns: Readonly<Record<string, string>>;

  constructor(
    scope: Construct,
    id: string,
    { environment, environments, provider, globalProvider }: MaintenanceProps,
  ) {
    super(scope, id);
    const { path, hash } = bundleLambda();
    const asset = new TerraformAsset(this, "code", { path, type: AssetType.FILE });
    for (const region of environment.regions) {
      new RegionMaintenance(this, region, {
        environment,
        environments,
        region,
        provider: provider(region),
        code: { path: asset.path, hash },
      });
    }
    new MaintenanceDashboard(this, "dashboard", { environment, provider: globalProvider });
    this.topicArns = Object.fromEntries(
      environment.regions.map((region) => [region, topicArn(environment, region)]),
    );
  }
}
