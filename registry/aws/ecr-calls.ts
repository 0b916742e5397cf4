import type {
  BatchDeleteImageCommandInput,
  BatchDeleteImageCommandOutput,
  BatchGetImageCommandInput,
  BatchGetImageCommandOutput,
  DeleteRepositoryCommandInput,
  DeleteRepositoryCommandOutput,
  DescribeImagesCommandInput,
  DescribeImagesCommandOutput,
  DescribePullThroughCacheRulesCommandInput,
  DescribePullThroughCacheRulesCommandOutput,
  DescribeRepositoriesCommandInput,
  DescribeRepositoriesCommandOutput,
  GetLifecyclePolicyPreviewCommandInput,
  GetLifecyclePolicyPreviewCommandOutput,
  ListImagesCommandInput,
  ListImagesCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  PutImageCommandInput,
  PutImageCommandOutput,
  StartLifecyclePolicyPreviewCommandInput,
  StartLifecyclePolicyPreviewCommandOutput,
} from "@aws-sdk/client-ecr";

type Call<Input, Output> = (input: Input) => Promise<Omit<Output, "$metadata">>;

/**
 * The calls of ECR's API that the inventory of a cache is made of, and what a test stands in for. A call rejects as the
 * SDK does, with an error named like ECR's exception. What only needs some of them takes a `Pick`.
 */
export interface EcrCalls {
  readonly batchDeleteImage: Call<BatchDeleteImageCommandInput, BatchDeleteImageCommandOutput>;
  readonly batchGetImage: Call<BatchGetImageCommandInput, BatchGetImageCommandOutput>;
  readonly deleteRepository: Call<DeleteRepositoryCommandInput, DeleteRepositoryCommandOutput>;
  readonly describeImages: Call<DescribeImagesCommandInput, DescribeImagesCommandOutput>;
  readonly describePullThroughCacheRules: Call<
    DescribePullThroughCacheRulesCommandInput,
    DescribePullThroughCacheRulesCommandOutput
  >;
  readonly describeRepositories: Call<
    DescribeRepositoriesCommandInput,
    DescribeRepositoriesCommandOutput
  >;
  readonly getLifecyclePolicyPreview: Call<
    GetLifecyclePolicyPreviewCommandInput,
    GetLifecyclePolicyPreviewCommandOutput
  >;
  readonly listImages: Call<ListImagesCommandInput, ListImagesCommandOutput>;
  readonly listTagsForResource: Call<
    ListTagsForResourceCommandInput,
    ListTagsForResourceCommandOutput
  >;
  readonly putImage: Call<PutImageCommandInput, PutImageCommandOutput>;
  readonly startLifecyclePolicyPreview: Call<
    StartLifecyclePolicyPreviewCommandInput,
    StartLifecyclePolicyPreviewCommandOutput
  >;
}
