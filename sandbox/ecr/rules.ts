import type {
  CreatePullThroughCacheRuleRequest,
  CreatePullThroughCacheRuleResponse,
  DeletePullThroughCacheRuleRequest,
  DeletePullThroughCacheRuleResponse,
  DescribePullThroughCacheRulesRequest,
  DescribePullThroughCacheRulesResponse,
  PullThroughCacheRule,
  UpdatePullThroughCacheRuleRequest,
  UpdatePullThroughCacheRuleResponse,
  ValidatePullThroughCacheRuleRequest,
  ValidatePullThroughCacheRuleResponse,
} from "@aws-sdk/client-ecr";
import type { Action, Context } from "./context";
import { checkCredential, constrainCredentialArn } from "./credential";
import { constrain, EcrException, invalidParameter, required } from "./exceptions";
import { page } from "./paging";
import { barePrefix, constrainRulePrefix, ROOT } from "./prefix";
import { constrainRoleArn } from "./role";
import { accountOf, needsCredential, upstreamRegistryOf } from "./upstream-registries";

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html; AWS does not raise it. */
export const MAX_RULES = 50;

function findRule(
  prefix: string | undefined,
  { registry }: Context,
): PullThroughCacheRule & { ecrRepositoryPrefix: string } {
  const rule = registry.rules.get(barePrefix(required(prefix, "ecrRepositoryPrefix")));
  if (!rule) {
    throw new EcrException(
      "PullThroughCacheRuleNotFoundException",
      `The pull through cache rule with prefix '${prefix}' does not exist in the registry with id '${registry.account}'.`,
    );
  }
  return rule;
}

export const createPullThroughCacheRule: Action<
  CreatePullThroughCacheRuleRequest,
  CreatePullThroughCacheRuleResponse
> = async (input, context) => {
  const { registry, now } = context;
  const ecrRepositoryPrefix = barePrefix(
    required(input.ecrRepositoryPrefix, "ecrRepositoryPrefix"),
  );
  constrainRulePrefix(input.ecrRepositoryPrefix, "ecrRepositoryPrefix");
  const upstreamRegistryUrl = required(input.upstreamRegistryUrl, "upstreamRegistryUrl");
  const upstreamRegistry = upstreamRegistryOf(upstreamRegistryUrl);
  if (input.upstreamRegistry !== undefined && input.upstreamRegistry !== upstreamRegistry) {
    throw invalidParameter(
      "upstreamRegistry",
      `the registry of ${upstreamRegistryUrl} is ${upstreamRegistry}`,
    );
  }
  constrainUpstreamPrefix(input);

  const { credentialArn, customRoleArn } = input;
  constrainCredentialArn(credentialArn);
  if (needsCredential(upstreamRegistry) && credentialArn === undefined) {
    // https://github.com/aws-controllers-k8s/community/issues/2589
    throw new EcrException(
      "UnsupportedUpstreamRegistryException",
      "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN.",
    );
  }
  constrainRoleArn(customRoleArn, registry.account);
  const upstreamAccount = accountOf(upstreamRegistryUrl);
  if (
    upstreamAccount !== undefined &&
    upstreamAccount !== registry.account &&
    customRoleArn === undefined
  ) {
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html; the wording is ours.
    throw invalidParameter(
      "customRoleArn",
      "Member must not be null for an upstream registry of another account",
    );
  }

  if (credentialArn !== undefined) await checkCredential(credentialArn, context);

  if (registry.rules.has(ecrRepositoryPrefix)) {
    throw new EcrException(
      "PullThroughCacheRuleAlreadyExistsException",
      `A pull through cache rule with prefix '${ecrRepositoryPrefix}' already exists in the registry with id '${registry.account}'.`,
    );
  }
  if (registry.rules.size >= MAX_RULES) {
    throw new EcrException(
      "LimitExceededException",
      `The maximum number of pull through cache rules (${MAX_RULES}) in the registry with id '${registry.account}' has been reached.`,
    );
  }

  const rule = {
    ecrRepositoryPrefix,
    upstreamRegistryUrl,
    upstreamRegistry,
    // ECR assumes ROOT where none is given, but does not return it: Terraform's provider, which compares the two and
    // replaces a rule for a difference, could not work otherwise.
    ...(input.upstreamRepositoryPrefix !== undefined && {
      upstreamRepositoryPrefix: barePrefix(input.upstreamRepositoryPrefix),
    }),
    credentialArn,
    customRoleArn,
    createdAt: now,
    updatedAt: now,
    registryId: registry.account,
  };
  // Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-pullthroughcache.html
  await context.services.ensureServiceLinkedRole({
    name: "AWSServiceRoleForECRPullThroughCache",
    service: "pullthroughcache.ecr.amazonaws.com",
  });
  registry.rules.set(ecrRepositoryPrefix, rule);
  const { updatedAt, ...created } = rule;
  return created;
};

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html */
function constrainUpstreamPrefix(input: CreatePullThroughCacheRuleRequest): void {
  const { ecrRepositoryPrefix, upstreamRepositoryPrefix } = input;
  constrainRulePrefix(upstreamRepositoryPrefix, "upstreamRepositoryPrefix");
  if (
    ecrRepositoryPrefix === ROOT &&
    upstreamRepositoryPrefix !== undefined &&
    upstreamRepositoryPrefix !== ROOT
  ) {
    throw invalidParameter(
      "upstreamRepositoryPrefix",
      "You can set the upstream repository prefix only when the Amazon ECR repository prefix has a non-ROOT value",
    );
  }
}

export const describePullThroughCacheRules: Action<
  DescribePullThroughCacheRulesRequest,
  DescribePullThroughCacheRulesResponse
> = (input, context) => {
  const { ecrRepositoryPrefixes } = input;
  const rules = ecrRepositoryPrefixes?.length
    ? ecrRepositoryPrefixes.map((prefix) => findRule(prefix, context))
    : context.registry.rules.values();
  const { items, nextToken } = page(rules, (rule) => rule.ecrRepositoryPrefix, input);
  return { pullThroughCacheRules: items, nextToken };
};

export const updatePullThroughCacheRule: Action<
  UpdatePullThroughCacheRuleRequest,
  UpdatePullThroughCacheRuleResponse
> = async (input, context) => {
  const rule = findRule(input.ecrRepositoryPrefix, context);
  const { credentialArn, customRoleArn } = input;
  if (credentialArn === undefined && customRoleArn === undefined) {
    // https://github.com/pulumi/pulumi-aws/issues/5714
    throw new EcrException(
      "InvalidParameterException",
      "Invalid input: Please set either credential arn or role arn to update the credentials",
    );
  }
  constrainCredentialArn(credentialArn);
  constrainRoleArn(customRoleArn, context.registry.account);
  if (credentialArn !== undefined) await checkCredential(credentialArn, context);
  if (credentialArn !== undefined) rule.credentialArn = credentialArn;
  if (customRoleArn !== undefined) rule.customRoleArn = customRoleArn;
  rule.updatedAt = context.now;
  const { createdAt, upstreamRegistry, upstreamRegistryUrl, ...updated } = rule;
  return updated;
};

export const validatePullThroughCacheRule: Action<
  ValidatePullThroughCacheRuleRequest,
  ValidatePullThroughCacheRuleResponse
> = async (input, context) => {
  const rule = findRule(input.ecrRepositoryPrefix, context);
  const { createdAt, updatedAt, upstreamRegistry, ...shown } = rule;
  const failure = await validationFailure(rule, context);
  return { ...shown, isValid: failure === undefined, ...(failure !== undefined && { failure }) };
};

async function validationFailure(
  rule: PullThroughCacheRule,
  context: Context,
): Promise<string | undefined> {
  try {
    if (rule.credentialArn !== undefined) await checkCredential(rule.credentialArn, context);
  } catch (error) {
    if (error instanceof EcrException) return error.message;
    throw error;
  }
  switch (context.upstream.failureOf(rule.upstreamRegistryUrl ?? "")) {
    case "unauthorized":
    case "access-denied":
      return "Authentication with the upstream registry failed.";
    case "too-many-requests":
      return "The upstream registry answered with too many requests.";
    case "unavailable":
      return "The upstream registry could not be reached.";
    case "not-found":
    case undefined:
      return undefined;
  }
}

/** What the rule has cached stays: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html */
export const deletePullThroughCacheRule: Action<
  DeletePullThroughCacheRuleRequest,
  DeletePullThroughCacheRuleResponse
> = (input, context) => {
  constrain(input.ecrRepositoryPrefix, "ecrRepositoryPrefix", { min: 2, max: 30 });
  const rule = findRule(input.ecrRepositoryPrefix, context);
  context.registry.rules.delete(rule.ecrRepositoryPrefix);
  const { updatedAt, upstreamRegistry, ...deleted } = rule;
  return deleted;
};
