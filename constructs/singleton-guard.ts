import type { TerraformProvider, TerraformResource, TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";
import { GUARD, type Singleton, singletons } from "../ecr/singletons";
import { logicalId } from "../ecr/logical-id";
import { ForgetBlock } from "./forget-block";
import { ImportBlock } from "./import-block";
import { withLogicalId } from "./logical-id";

export interface SingletonGuardProps {
  /** Creates a resource of the singleton's type and configuration. */
  readonly create: (
    scope: Construct,
    id: string,
    lifecycle: TerraformResourceLifecycle,
  ) => TerraformResource;
  readonly singleton: Singleton;
  /** The parts of the singleton's logical id. */
  readonly idParts: readonly string[];
  /** What the provider knows the existing one by. */
  readonly importId: string;
  readonly provider: TerraformProvider;
  /**
   * A Terraform expression: the list of strings that `self`, which is what exists, has and the deployment would remove.
   */
  readonly lost: string;
  /** What would be lost and what to do; `${lost}` is replaced with the list. */
  readonly message: (lost: string) => string;
  /** Whether it guards. Otherwise Terraform forgets what an earlier deployment guarded with. */
  readonly isActive: boolean;
}

/**
 * Keeps a deployment from overwriting what others have in a setting that a registry has once.
 *
 * Such a setting exists before its resource does, and creating the resource replaces it. hashicorp/aws has no data source
 * that reads it. So a second resource imports what exists and never changes it (`ignore_changes`): after each refresh its
 * attributes are what AWS has, also what others changed since, and its postcondition fails the plan where the deployment
 * would lose some of it. Terraform can't import what does not exist, so a guard needs a setting that does.
 *
 * Source: https://developer.hashicorp.com/terraform/language/validate
 */
export class SingletonGuard extends Construct {
  constructor(scope: Construct, id: string, props: SingletonGuardProps) {
    super(scope, id);
    const { create, singleton, importId, provider, lost, message, isActive } = props;
    const idParts = [...props.idParts, GUARD];
    if (!isActive) {
      new ForgetBlock(this, "forget", {
        from: `${singletons[singleton].type}.${logicalId(...idParts)}`,
      });
      return;
    }
    const existing = create(this, "existing", {
      ignoreChanges: "all",
      postcondition: [
        {
          condition: `\${length(${lost}) == 0}`,
          errorMessage: message(`\${join(", ", ${lost})}`),
        },
      ],
    });
    new ImportBlock({ to: withLogicalId(existing, ...idParts), id: importId, provider });
  }
}
