import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { EnvironmentStack } from "../constructs/environment-stack";
import { PullThroughCache } from "../constructs/pull-through-cache";
import { PullerAccess } from "../constructs/puller-access";
import { ServiceRoles } from "../constructs/service-roles";
import type { Environment } from "../ecr/environment";
import { pullUriBase } from "../ecr/prefix";
import { registryHost } from "../ecr/region";

/** `ENV`: everything of an environment that needs no token. */
export class CacheStack extends EnvironmentStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, "cache", environment);
    const provider = this.globalProvider;
    const roles = new ServiceRoles(this, "service-roles", { environment, provider });
    const access = new PullerAccess(this, "access", { environment, provider });
    for (const region of environment.regions) {
      new PullThroughCache(this, region, {
        environment,
        region,
        provider: this.provider(region),
        roles,
      });
    }
    this.addOutputs(environment, access);
  }

  private addOutputs({ account, regions, rules }: Environment, access: PullerAccess): void {
    new TerraformOutput(this, "registry_urls", {
      description: "The registry of each region",
      value: Object.fromEntries(regions.map((region) => [region, registryHost(account, region)])),
    });
    new TerraformOutput(this, "pull_uri_bases", {
      description: "What the names of cached images begin with, by region and rule",
      value: Object.fromEntries(
        regions.map((region) => [
          region,
          Object.fromEntries(
            rules.map(({ prefix }) => [prefix, pullUriBase(account, region, prefix)]),
          ),
        ]),
      ),
    });
    new TerraformOutput(this, "puller_policy_arns", {
      description: "The IAM policies of those who pull, for roles that are not in access.roles",
      value: access.policyArns,
    });
  }
}
