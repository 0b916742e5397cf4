import { TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { EnvironmentStack } from "../constructs/environment-stack";
import { UpstreamSecret } from "../constructs/upstream-secret";
import { type Environment, managedRules, tokenVariable } from "../ecr/environment";
import { ownStack } from "../ecr/environment/stack-name";
import { upstreamOf } from "../ecr/upstreams";
import { logicalId } from "../ecr/logical-id";

/**
 * `ENV-credentials`: the upstream secrets, alone. Terraform wants the token on every plan of the stack that writes it,
 * so everything else is in a stack that never needs one.
 */
export class CredentialsStack extends EnvironmentStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, environment, ownStack(environment, "credentials"));
    for (const rule of managedRules(environment)) {
      const { title, tokenName } = upstreamOf(rule.upstream);
      const name = tokenVariable(rule.prefix);
      const token = new TerraformVariable(this, name, {
        type: "string",
        description: `The ${tokenName} of ${rule.credential.username} at ${title}`,
        sensitive: true,
        // Without it Terraform asks, and the cdktf CLI neither shows that nor passes the answer on.
        default: "",
        validation: [
          {
            condition: `\${length(var.${name}) > 0}`,
            errorMessage: `The token for ${title} is not set. Set TF_VAR_${name}; for a plan or a destroy any value will do.`,
          },
        ],
      });
      // An ephemeral value is in neither state nor plan. cdktf 0.21 has no option for it, and drops the one for
      // nullable from HCL.
      token.addOverride("ephemeral", true);
      token.addOverride("nullable", false);

      for (const region of environment.regions) {
        new UpstreamSecret(this, logicalId(region, rule.prefix), {
          rule,
          region,
          provider: this.provider(region),
          accessToken: token.stringValue,
        });
      }
    }
  }
}
