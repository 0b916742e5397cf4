import { EcrRegistryScanningConfiguration } from "@cdktf/provider-aws/lib/ecr-registry-scanning-configuration";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";
import type { Environment } from "../ecr/environment";
import { logicalId } from "../ecr/logical-id";
import { SCAN_FREQUENCIES, type Scanning, scanningFilter, scanningRules } from "../ecr/scanning";
import { ForgetBlock } from "./forget-block";
import { withLogicalId } from "./logical-id";
import { SingletonGuard } from "./singleton-guard";

export interface RegistryScanningProps {
  readonly environment: Environment;
  /** One of the environment's regions. */
  readonly region: string;
  /** The provider of that region. */
  readonly provider: AwsProvider;
  readonly scanning: Scanning;
}

/** `FREQUENCY FILTER` of every filter, as a Terraform expression. */
const filtersOf = (rules: string) =>
  `flatten([for rule in ${rules} : [for filter in rule.repository_filter : join(" ", [rule.scan_frequency, filter.filter])]])`;

/** The scanning configuration of one region, which is guarded unless the environment says what others have. */
export class RegistryScanning extends Construct {
  constructor(scope: Construct, id: string, props: RegistryScanningProps) {
    super(scope, id);
    const { environment, region, provider, scanning } = props;
    const prefixes = environment.rules.map(({ prefix }) => prefix);
    // Whoever destroys the stack would take the rules of others along.
    const protection =
      (scanning.otherRules ?? []).length > 0 ? { preventDestroy: true } : undefined;
    const create = (owner: Construct, name: string, lifecycle?: TerraformResourceLifecycle) =>
      new EcrRegistryScanningConfiguration(owner, name, {
        provider,
        scanType: scanning.type,
        rule: scanningRules(scanning, prefixes).map(({ scanFrequency, filters }) => ({
          scanFrequency,
          repositoryFilter: filters.map((filter) => ({ filter, filterType: "WILDCARD" })),
        })),
        ...((lifecycle ?? protection) && { lifecycle: { ...lifecycle, ...protection } }),
      });
    const managed = withLogicalId(create(this, "configuration"), region);
    const wanted = `${managed.terraformResourceType}.${managed.friendlyUniqueId}`;
    // With another frequency, an own filter is still the environment's.
    const own = Object.values(SCAN_FREQUENCIES)
      .flatMap((frequency) => prefixes.map((prefix) => `"${frequency} ${scanningFilter(prefix)}"`))
      .join(", ");
    const others = `[for one in setsubtract(${filtersOf("self.rule")}, ${filtersOf(`${wanted}.rule`)}) : one if !contains([${own}], one)]`;
    new SingletonGuard(this, "guard", {
      create,
      singleton: "scanning",
      idParts: [region],
      importId: environment.account,
      provider,
      lost: others,
      message: (lost) =>
        `This deployment would remove rules from the scanning configuration of account ${environment.account} in ${region}: ${lost}. Add them to scanning.otherRules of environment ${environment.name} to keep them; if nobody needs them, deploy once with otherRules that lack them, and without adopting scanning.`,
      isActive: scanning.otherRules === undefined || environment.adopt.includes("scanning"),
    });
  }
}

/** Leaves the scanning configuration of each former region as it is, where it has rules of others. */
export function forgetRegistryScanning(
  scope: Construct,
  { scanning, formerRegions }: Environment,
): void {
  if ((scanning?.otherRules ?? []).length === 0) return;
  for (const region of formerRegions) {
    new ForgetBlock(scope, `forget-registry-scanning_${region}`, {
      from: `${EcrRegistryScanningConfiguration.tfResourceType}.${logicalId(region)}`,
    });
  }
}
