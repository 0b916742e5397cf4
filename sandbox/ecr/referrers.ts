import type {
  ImageReferrer,
  ListImageReferrersRequest,
  ListImageReferrersResponse,
} from "@aws-sdk/client-ecr";
import type { Action } from "./context";
import { required } from "./exceptions";
import { page } from "./paging";
import { findRepository } from "./repositories";

/**
 * Lists what was pushed about an image, such as signatures. The upstream registries of the sandbox have none.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
 */
export const listImageReferrers: Action<ListImageReferrersRequest, ListImageReferrersResponse> = (
  input,
  context,
) => {
  const repository = findRepository(input.repositoryName, context);
  const subject = required(input.subjectId?.imageDigest, "subjectId");
  const types = input.filter?.artifactTypes;
  const referrers = [...repository.images.values()]
    .filter((image) => image.subject === subject)
    .filter(({ artifactMediaType = "" }) => types?.includes(artifactMediaType) ?? true)
    .map((image): ImageReferrer => ({
      digest: image.digest,
      mediaType: image.mediaType,
      artifactType: image.artifactMediaType,
      size: Buffer.byteLength(image.manifest),
      annotations: image.annotations,
      artifactStatus: image.status,
    }));
  const { items, nextToken } = page(referrers, ({ digest }) => digest ?? "", input);
  return { referrers: items, nextToken };
};
