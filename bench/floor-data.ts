import { type Environment, managedRules, tokenVariable } from "../ecr/environment";
import { formatLifecyclePolicy } from "../ecr/lifecycle-policy";
import {
  formatPolicy,
  needsTemplateRole,
  needsUpstreamRole,
  pullerPolicies,
  registryPolicy,
  repositoryPolicy,
  TEMPLATE_ROLE_TRUST,
  templateRolePolicy,
  UPSTREAM_ROLE_TRUST,
  upstreamRolePolicy,
} from "../ecr/policies";
import { pullUriBase } from "../ecr/prefix";
import { registryHost } from "../ecr/region";
import { stackBackend } from "../ecr/environment/backend";
import { upstreamOf } from "../ecr/upstreams";

/*
 * What the floor is given: every value of an environment's resources, worked out beforehand, so that all it does is
 * hand them to cdktf.
 */

/** The values of one environment. */
export function floorData(environment: Environment) {
  const { name, account, regions, tags, access, rules } = environment;
  const templateRole = templateRolePolicy(environment);
  return {
    name,
    account,
    regions,
    tags,
    version: environment.awsProviderVersion,
    cacheBackend: stackBackend(environment.backend, "cache", name),
    credentialsBackend: stackBackend(environment.backend, "credentials", `${name}-credentials`),
    roles: access.roles,
    pullerPolicies: pullerPolicies(environment).map(formatPolicy),
    templateTrust: formatPolicy(TEMPLATE_ROLE_TRUST),
    templatePolicy: templateRole && formatPolicy(templateRole),
    upstreamTrust: formatPolicy(UPSTREAM_ROLE_TRUST),
    registryUrls: Object.fromEntries(
      regions.map((region) => [region, registryHost(account, region)]),
    ),
    pullUriBases: Object.fromEntries(
      regions.map((region) => [
        region,
        Object.fromEntries(
          rules.map(({ prefix }) => [prefix, pullUriBase(account, region, prefix)]),
        ),
      ]),
    ),
    policies: Object.fromEntries(
      regions.map((region) => {
        const registry = registryPolicy(environment, region);
        const repository = repositoryPolicy(environment, region);
        return [
          region,
          {
            registry: registry && formatPolicy(registry),
            repository: repository && formatPolicy(repository),
          },
        ];
      }),
    ),
    rules: rules.map((rule) => ({
      prefix: rule.prefix,
      url: rule.upstreamUrl,
      title: upstreamOf(rule.upstream).title,
      secretName: rule.credential?.secretName,
      lifecyclePolicy: formatLifecyclePolicy(rule.lifecyclePolicy),
      needsTemplateRole: needsTemplateRole(environment, rule),
      upstreamPolicy: needsUpstreamRole(environment, rule)
        ? formatPolicy(upstreamRolePolicy(environment, rule))
        : undefined,
    })),
    secrets: managedRules(environment).map(({ prefix, upstream, credential }) => ({
      prefix,
      title: upstreamOf(upstream).title,
      tokenName: upstreamOf(upstream).tokenName,
      variable: tokenVariable(prefix),
      ...credential,
    })),
  };
}

export type FloorData = ReturnType<typeof floorData>;
