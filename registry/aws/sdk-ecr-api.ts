import {
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryPolicyCommand,
  DescribePullThroughCacheRulesCommand,
  DescribeRepositoriesCommand,
  DescribeRepositoryCreationTemplatesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-ecr";
import type { EcrApi } from "./ecr-api";
import { withBackoff } from "./backoff";

/**
 * A client whose own retries are for what passes at once, such as a dropped connection. Adapting to ECR's limits is left
 * to `withBackoff`: the SDK's `adaptive` mode goes down to one call in two seconds after a single refusal, so that a
 * short run takes many times as long.
 *
 * @param region Default: the usual chain, AWS_REGION first. AWS_ENDPOINT_URL is honoured too.
 */
export function ecrClient(region?: string): ECRClient {
  return new ECRClient({ ...(region && { region }), retryMode: "standard", maxAttempts: 3 });
}

/** ECR itself behind the interface, slowed down as it throttles. */
export function sdkEcrApi(client: ECRClient): EcrApi {
  return withBackoff({
    describeRepositoryCreationTemplates: (input) =>
      client.send(new DescribeRepositoryCreationTemplatesCommand(input)),
    describePullThroughCacheRules: (input) =>
      client.send(new DescribePullThroughCacheRulesCommand(input)),
    describeRepositories: (input) => client.send(new DescribeRepositoriesCommand(input)),
    listTagsForResource: (input) => client.send(new ListTagsForResourceCommand(input)),
    getLifecyclePolicy: (input) => client.send(new GetLifecyclePolicyCommand(input)),
    getRepositoryPolicy: (input) => client.send(new GetRepositoryPolicyCommand(input)),
    putLifecyclePolicy: (input) => client.send(new PutLifecyclePolicyCommand(input)),
    deleteLifecyclePolicy: (input) => client.send(new DeleteLifecyclePolicyCommand(input)),
    setRepositoryPolicy: (input) => client.send(new SetRepositoryPolicyCommand(input)),
    deleteRepositoryPolicy: (input) => client.send(new DeleteRepositoryPolicyCommand(input)),
    putImageTagMutability: (input) => client.send(new PutImageTagMutabilityCommand(input)),
    tagResource: (input) => client.send(new TagResourceCommand(input)),
    untagResource: (input) => client.send(new UntagResourceCommand(input)),
  });
}
