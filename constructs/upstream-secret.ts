import { DataAwsSecretsmanagerSecret } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secret";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { Rule } from "../ecr/environment";
import { upstreamOf } from "../ecr/upstreams";
import { ImportBlock } from "./import-block";
import { withLogicalId } from "./logical-id";

export interface UpstreamSecretProps {
  /** A rule with a credential that is made here. */
  readonly rule: Rule;
  readonly region: string;
  readonly provider: AwsProvider;
  /** The token, as a reference to an ephemeral variable. */
  readonly accessToken: string;
}

/**
 * The secret that ECR reads to pull from an upstream, in one region. Its value is write-only: it is in neither state
 * nor plan.
 */
export class UpstreamSecret extends Construct {
  constructor(scope: Construct, id: string, props: UpstreamSecretProps) {
    super(scope, id);
    const { rule, region, provider, accessToken } = props;
    const { credential } = rule;
    if (!credential) throw new Error(`rule ${rule.prefix} has no credential`);

    // No kmsKeyId: ECR reads only secrets under the default key, aws/secretsmanager.
    const secret = withLogicalId(
      new SecretsmanagerSecret(this, "secret", {
        provider,
        name: credential.secretName,
        recoveryWindowInDays: credential.recoveryWindowInDays,
        description: `ECR's credential for ${upstreamOf(rule.upstream).title}`,
        // Where a recovery window keeps the name of a deleted secret, a replacement under the same name fails: then it is
        // to fail before the secret is deleted.
        ...(credential.recoveryWindowInDays !== 0 && { lifecycle: { createBeforeDestroy: true } }),
      }),
      region,
      rule.prefix,
    );
    withLogicalId(
      new SecretsmanagerSecretVersion(this, "version", {
        provider,
        secretId: secret.id,
        secretStringWo: Fn.jsonencode({ username: credential.username, accessToken }),
        secretStringWoVersion: credential.version,
      }),
      region,
      rule.prefix,
    );
    if (rule.adopt.secret.includes(region)) {
      // A secret is imported by its ARN, whose end only AWS knows.
      const existing = withLogicalId(
        new DataAwsSecretsmanagerSecret(this, "existing", {
          provider,
          name: credential.secretName,
        }),
        region,
        rule.prefix,
      );
      new ImportBlock({ to: secret, id: existing.arn, provider });
    }
  }
}
