import type {
  DeleteLifecyclePolicyCommandInput,
  DeleteLifecyclePolicyCommandOutput,
  DeleteRepositoryPolicyCommandInput,
  DeleteRepositoryPolicyCommandOutput,
  DescribePullThroughCacheRulesCommandInput,
  DescribePullThroughCacheRulesCommandOutput,
  DescribeRepositoriesCommandInput,
  DescribeRepositoriesCommandOutput,
  DescribeRepositoryCreationTemplatesCommandInput,
  DescribeRepositoryCreationTemplatesCommandOutput,
  GetLifecyclePolicyCommandInput,
  GetLifecyclePolicyCommandOutput,
  GetRepositoryPolicyCommandInput,
  GetRepositoryPolicyCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  PutImageTagMutabilityCommandInput,
  PutImageTagMutabilityCommandOutput,
  PutLifecyclePolicyCommandInput,
  PutLifecyclePolicyCommandOutput,
  SetRepositoryPolicyCommandInput,
  SetRepositoryPolicyCommandOutput,
  TagResourceCommandInput,
  TagResourceCommandOutput,
  UntagResourceCommandInput,
  UntagResourceCommandOutput,
} from "@aws-sdk/client-ecr";

type Call<Input, Output> = (input: Input) => Promise<Omit<Output, "$metadata">>;

/**
 * The calls of ECR's API that reconciling makes, and no others: what a Lambda's role or an operator must be allowed, and
 * what a test stands in for. A call rejects as the SDK does, with an error named like ECR's exception.
 */
export interface EcrApi {
  readonly describeRepositoryCreationTemplates: Call<
    DescribeRepositoryCreationTemplatesCommandInput,
    DescribeRepositoryCreationTemplatesCommandOutput
  >;
  readonly describePullThroughCacheRules: Call<
    DescribePullThroughCacheRulesCommandInput,
    DescribePullThroughCacheRulesCommandOutput
  >;
  readonly describeRepositories: Call<
    DescribeRepositoriesCommandInput,
    DescribeRepositoriesCommandOutput
  >;
  readonly listTagsForResource: Call<
    ListTagsForResourceCommandInput,
    ListTagsForResourceCommandOutput
  >;
  readonly getLifecyclePolicy: Call<
    GetLifecyclePolicyCommandInput,
    GetLifecyclePolicyCommandOutput
  >;
  readonly getRepositoryPolicy: Call<
    GetRepositoryPolicyCommandInput,
    GetRepositoryPolicyCommandOutput
  >;
  readonly putLifecyclePolicy: Call<
    PutLifecyclePolicyCommandInput,
    PutLifecyclePolicyCommandOutput
  >;
  readonly deleteLifecyclePolicy: Call<
    DeleteLifecyclePolicyCommandInput,
    DeleteLifecyclePolicyCommandOutput
  >;
  readonly setRepositoryPolicy: Call<
    SetRepositoryPolicyCommandInput,
    SetRepositoryPolicyCommandOutput
  >;
  readonly deleteRepositoryPolicy: Call<
    DeleteRepositoryPolicyCommandInput,
    DeleteRepositoryPolicyCommandOutput
  >;
  readonly putImageTagMutability: Call<
    PutImageTagMutabilityCommandInput,
    PutImageTagMutabilityCommandOutput
  >;
  readonly tagResource: Call<TagResourceCommandInput, TagResourceCommandOutput>;
  readonly untagResource: Call<UntagResourceCommandInput, UntagResourceCommandOutput>;
}

/** Whether something thrown is ECR's exception of that name. */
export function isException(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
