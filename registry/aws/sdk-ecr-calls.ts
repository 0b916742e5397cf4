import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribePullThroughCacheRulesCommand,
  DescribeRepositoriesCommand,
  type ECRClient,
  GetLifecyclePolicyPreviewCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  StartLifecyclePolicyPreviewCommand,
} from "@aws-sdk/client-ecr";
import { withBackoff } from "./backoff";
import type { EcrCalls } from "./ecr-calls";

/** ECR itself behind the interface, slowed down as it throttles. */
export function sdkEcrCalls(client: ECRClient): EcrCalls {
  return withBackoff<EcrCalls>({
    batchDeleteImage: (input) => client.send(new BatchDeleteImageCommand(input)),
    batchGetImage: (input) => client.send(new BatchGetImageCommand(input)),
    deleteRepository: (input) => client.send(new DeleteRepositoryCommand(input)),
    describeImages: (input) => client.send(new DescribeImagesCommand(input)),
    describePullThroughCacheRules: (input) =>
      client.send(new DescribePullThroughCacheRulesCommand(input)),
    describeRepositories: (input) => client.send(new DescribeRepositoriesCommand(input)),
    getLifecyclePolicyPreview: (input) => client.send(new GetLifecyclePolicyPreviewCommand(input)),
    listImages: (input) => client.send(new ListImagesCommand(input)),
    listTagsForResource: (input) => client.send(new ListTagsForResourceCommand(input)),
    putImage: (input) => client.send(new PutImageCommand(input)),
    startLifecyclePolicyPreview: (input) =>
      client.send(new StartLifecyclePolicyPreviewCommand(input)),
  });
}
