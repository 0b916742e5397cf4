import type { ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../ecr/environment";
import { formatLifecyclePolicy } from "../ecr/lifecycle-policy";
import { lifecyclePolicyText, resourceTags } from "./existing";
import type { OwnedRepository } from "./listing";
import { areImagesProvenOurs } from "./ownership";
import { normalLifecyclePolicy } from "./policies/meaning";

/**
 * Whether images of a repository may be deleted, by what it has itself: after `destroy` there are no templates to read,
 * but what they gave to repositories follows from the environment.
 */
export async function isCacheOrigin(
  ecr: ECRClient,
  { tags, rules }: Environment,
  { name, prefix, arn, createdAt }: OwnedRepository,
): Promise<boolean> {
  const hasTemplatePolicy = async () => {
    const rule = rules.find((one) => one.prefix === prefix);
    if (!rule) return false;
    const policy = await lifecyclePolicyText(ecr, name);
    return (
      typeof policy === "string" &&
      normalLifecyclePolicy(policy) ===
        normalLifecyclePolicy(formatLifecyclePolicy(rule.lifecyclePolicy))
    );
  };
  return areImagesProvenOurs(prefix, await resourceTags(ecr, arn), hasTemplatePolicy, {
    templateTags: new Map(Object.entries(tags)),
    createdAt,
  });
}
