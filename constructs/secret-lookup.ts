import { DataAwsSecretsmanagerSecret } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secret";
import { DataAwsSecretsmanagerSecrets } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secrets";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import { type Credential, type Environment, SECRET_NAME_PREFIX } from "../ecr/environment";
import { stackName } from "../ecr/environment/stack-name";
import { withLogicalId } from "./logical-id";

export interface SecretLookupProps {
  readonly environment: Environment;
  readonly region: string;
  readonly provider: AwsProvider;
}

/**
 * Finds the upstream secrets of one region by name, so that who plans the cache needs neither a token nor the state of
 * the credentials stack.
 *
 * The provider only says that it couldn't find a resource. So the names are listed first, and a plan that misses one
 * stops with what to do about it.
 */
export class SecretLookup extends Construct {
  private readonly arns = new Map<string, string>();

  constructor(scope: Construct, id: string, { environment, region, provider }: SecretLookupProps) {
    super(scope, id);
    const rules = environment.rules.flatMap(({ prefix, credential }) =>
      credential ? [{ prefix, credential }] : [],
    );
    if (rules.length === 0) return;

    const remedy = ({ managed }: Credential) =>
      managed
        ? `Deploy ${stackName(environment, "credentials")} first.`
        : "Create it, or correct credential.secretName.";
    const all = withLogicalId(
      new DataAwsSecretsmanagerSecrets(this, "all", {
        provider,
        filter: [{ name: "name", values: [SECRET_NAME_PREFIX] }],
        lifecycle: {
          postcondition: rules.map(({ credential }) => ({
            condition: `\${contains(self.names, "${credential.secretName}")}`,
            errorMessage: `There is no secret ${credential.secretName} in ${region}. ${remedy(credential)}`,
          })),
        },
      }),
      region,
    );
    for (const { prefix, credential } of rules) {
      const secret = new DataAwsSecretsmanagerSecret(this, `secret_${prefix}`, {
        provider,
        name: credential.secretName,
        dependsOn: [all],
      });
      this.arns.set(prefix, withLogicalId(secret, region, prefix).arn);
    }
  }

  /** The ARN of the secret of the rule with this prefix; undefined where the rule has no credential. */
  arn(prefix: string): string | undefined {
    return this.arns.get(prefix);
  }
}
