import { Annotations, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { EnvironmentStack } from "../constructs/environment-stack";
import { Maintenance } from "../constructs/maintenance/maintenance";
import { PullThroughCache } from "../constructs/pull-through-cache";
import { PullerAccess } from "../constructs/puller-access";
import { forgetRegistryPolicies } from "../constructs/registry-policy";
import { forgetRegistryScanning } from "../constructs/registry-scanning";
import { ServiceRoles } from "../constructs/service-roles";
import type { Environment } from "../ecr/environment";
import { ownStack } from "../ecr/environment/stack-name";
import { environmentWarnings } from "../ecr/environment/warnings";
import { pullUriBase } from "../ecr/prefix";
import { registryHost } from "../ecr/region";
import { UserError } from "../ecr/user-error";

/** `ENV`: everything of an environment that needs no token. */
export class CacheStack extends EnvironmentStack {
  private readonly caches = new Map<string, PullThroughCache>();

  /** @param environments All environments: maintenance leaves to another one what it has in the same registry. */
  constructor(
    scope: Construct,
    environment: Environment,
    environments: readonly Environment[] = [environment],
  ) {
    super(scope, environment, ownStack(environment, "cache"));
    const provider = this.globalProvider;
    const roles = new ServiceRoles(this, "service-roles", { environment, provider });
    const { roles: pullers } = environment.access;
    const access = new PullerAccess(this, "access", { environment, provider, roles: pullers });
    for (const region of environment.regions) {
      const cache = new PullThroughCache(this, region, {
        environment,
        region,
        provider: this.provider(region),
        roles,
        access,
      });
      this.caches.set(region, cache);
    }
    forgetRegistryPolicies(this, environment);
    forgetRegistryScanning(this, environment);
    this.addOutputs(environment, access);
    for (const warning of environmentWarnings(environment))
      Annotations.of(this).addWarning(warning);
    if (environment.maintenance) this.addMaintenance(environment, environments);
  }

  /**
   * The cache of one of the environment's regions, for stacks of your own that pull through it.
   *
   * @throws UserError if the environment has no such region.
   */
  cache(region: string): PullThroughCache {
    const cache = this.caches.get(region);
    if (cache) return cache;
    const { name, regions } = this.environment;
    throw new UserError(
      `environment ${name}: found region ${region}; allowed: ${regions.join(", ")}`,
    );
  }

  private addMaintenance(environment: Environment, environments: readonly Environment[]): void {
    const { topicArns } = new Maintenance(this, "maintenance", {
      environment,
      environments,
      provider: (region) => this.provider(region),
      globalProvider: this.globalProvider,
    });
    new TerraformOutput(this, "maintenance_topic_arns", {
      description: "The SNS topic of each region that reports failed pulls and alarms",
      value: topicArns,
    });
  }

  private addOutputs({ account, regions, rules }: Environment, access: PullerAccess): void {
    new TerraformOutput(this, "registry_urls", {
      description: "The registry of each region",
      value: Object.fromEntries(regions.map((region) => [region, registryHost(account, region)])),
    });
    new TerraformOutput(this, "pull_uri_bases", {
      description: "The pull URI that cached images start with, by region and rule prefix",
      value: Object.fromEntries(
        regions.map((region) => [
          region,
          Object.fromEntries(
            rules.map(({ prefix }) => [prefix, pullUriBase(account, region, prefix)]),
          ),
        ]),
      ),
    });
    this.addPolicyOutput(access, "access.roles");
  }
}
