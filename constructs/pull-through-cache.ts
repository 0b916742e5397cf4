import { EcrPullThroughCacheRule } from "@cdktf/provider-aws/lib/ecr-pull-through-cache-rule";
import { EcrRepositoryCreationTemplate } from "@cdktf/provider-aws/lib/ecr-repository-creation-template";
import type { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { cacheOf, cacheUri } from "../ecr/cache-uri";
import type { Environment, Rule } from "../ecr/environment";
import { formatLifecyclePolicy } from "../ecr/lifecycle-policy";
import { formatPolicy, needsTemplateRole, registryPolicy, repositoryPolicy } from "../ecr/policies";
import { upstreamOf } from "../ecr/upstreams";
import { UserError } from "../ecr/user-error";
import { logicalId } from "../ecr/logical-id";
import { ImportBlock } from "./import-block";
import { withLogicalId } from "./logical-id";
import type { PullerAccess } from "./puller-access";
import { RegistryPolicy } from "./registry-policy";
import { RegistryScanning } from "./registry-scanning";
import { SecretLookup } from "./secret-lookup";
import type { ServiceRoles } from "./service-roles";

export interface PullThroughCacheProps {
  readonly environment: Environment;
  /** One of the environment's regions. */
  readonly region: string;
  /** The provider of that region. */
  readonly provider: AwsProvider;
  /** The roles that ECR uses on the account's behalf. */
  readonly roles: ServiceRoles;
  /** Who of the account may pull. */
  readonly access: PullerAccess;
}

/** The cache of one region: for each rule the template of its repositories and the rule itself, and who else may pull. */
export class PullThroughCache extends Construct {
  private readonly secrets: SecretLookup;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PullThroughCacheProps,
  ) {
    super(scope, id);
    this.secrets = new SecretLookup(this, "secrets", props);
    for (const rule of props.environment.rules) this.addRule(rule);
    this.addRegistryPolicy();
    this.addScanning();
  }

  /** The account whose registry this is: 12 digits. */
  get account(): string {
    return this.props.environment.account;
  }

  get region(): string {
    return this.props.region;
  }

  /** The versions of hashicorp/aws that the environment's stacks take, for stacks beside them. */
  get awsProviderVersion(): string {
    return this.props.environment.awsProviderVersion;
  }

  /**
   * Lets a role of this account pull through the cache, in every region of the environment: attaches the environment's
   * puller policies to it, which the environment's stack creates first. A second time, or of another region, it changes
   * nothing. A role that exists already is named in the environment's `access.roles` instead.
   *
   * @returns what pulls with the role has to depend on.
   */
  grantPull(role: IamRole): ITerraformDependable[] {
    return [...this.props.access.grant(role)];
  }

  /**
   * The name to pull an image by from this cache, for a task definition, say: `imageUri("nginx:1.27")`.
   *
   * @throws UserError if the image's name is not valid, or no rule of the environment covers it.
   */
  imageUri(image: string): string {
    const { environment, region } = this.props;
    const { cacheUri: uri, reason } = cacheUri(image, cacheOf(environment, region));
    if (uri === null) {
      throw new UserError(`image ${image}: found no cache name; ${reason}`);
    }
    return uri;
  }

  private addRule(rule: Rule): void {
    const { region, provider, roles } = this.props;
    const scope = new Construct(this, logicalId("rule", rule.prefix));
    const template = this.addTemplate(scope, rule);
    const upstreamRole = roles.upstreamRole(rule);

    const resource = withLogicalId(
      new EcrPullThroughCacheRule(scope, "rule", {
        provider,
        ecrRepositoryPrefix: rule.prefix,
        upstreamRegistryUrl: rule.upstreamUrl,
        ...(rule.upstreamPrefix && { upstreamRepositoryPrefix: rule.upstreamPrefix }),
        credentialArn: this.secrets.arn(rule.prefix),
        ...(upstreamRole && { customRoleArn: upstreamRole.arn }),
        // A template shapes no repository that exists: it has to be there before the first pull.
        dependsOn: [template, ...(upstreamRole?.ready ?? [])],
      }),
      region,
      rule.prefix,
    );
    if (rule.adopt.rule.includes(region))
      new ImportBlock({ to: resource, id: rule.prefix, provider });
  }

  private addTemplate(scope: Construct, rule: Rule): EcrRepositoryCreationTemplate {
    const { environment, region, provider, roles } = this.props;
    const { encryption } = rule;
    const policy = repositoryPolicy(environment, region);
    const role = needsTemplateRole(environment, rule) ? roles.templateRole : undefined;

    const template = withLogicalId(
      new EcrRepositoryCreationTemplate(scope, "template", {
        provider,
        prefix: rule.prefix,
        description: `Cached from ${upstreamOf(rule.upstream).title}`,
        appliedFor: ["PULL_THROUGH_CACHE"],
        // ECR could not move an immutable tag when the upstream does.
        imageTagMutability: "MUTABLE",
        encryptionConfiguration: [
          encryption.type === "KMS"
            ? { encryptionType: "KMS", kmsKey: encryption.kmsKeys[region] }
            : { encryptionType: "AES256" },
        ],
        lifecyclePolicy: formatLifecyclePolicy(rule.lifecyclePolicy),
        ...(policy && { repositoryPolicy: formatPolicy(policy) }),
        // The provider's default tags don't reach repositories that ECR makes.
        ...(Object.keys(environment.tags).length > 0 && { resourceTags: { ...environment.tags } }),
        ...(role && { customRoleArn: role.arn, dependsOn: [...role.ready] }),
      }),
      region,
      rule.prefix,
    );
    if (rule.adopt.template.includes(region)) {
      new ImportBlock({ to: template, id: rule.prefix, provider });
    }
    return template;
  }

  private addScanning(): void {
    const { scanning } = this.props.environment;
    if (scanning) new RegistryScanning(this, "scanning", { ...this.props, scanning });
  }

  private addRegistryPolicy(): void {
    const { environment, region } = this.props;
    const policy = registryPolicy(environment, region);
    if (policy) new RegistryPolicy(this, "registry-policy", { ...this.props, policy });
  }
}
