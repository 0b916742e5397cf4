import { type ECRClient, ListImageReferrersCommand } from "@aws-sdk/client-ecr";
import { isException } from "./aws/errors";

/** A signature, an SBOM or the like about an image. */
export interface Referrer {
  readonly digest: string;
  /** Such as `application/vnd.dev.sigstore.bundle.v0.3+json`; null: its manifest does not say. */
  readonly artifactType: string | null;
}

/**
 * Lists what refers to an image. ECR brings it into the cache from the upstream with this call only, not with a pull.
 *
 * Source: https://aws.amazon.com/about-aws/whats-new/2026/04/amazon-ecr-pull-through-cache-referrers/
 */
export async function imageReferrers(
  ecr: ECRClient,
  repositoryName: string,
  imageDigest: string,
): Promise<Referrer[]> {
  const found: Referrer[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await ecr.send(
        new ListImageReferrersCommand({ repositoryName, subjectId: { imageDigest }, nextToken }),
      );
      for (const { digest = "", artifactType } of page.referrers ?? []) {
        found.push({ digest, artifactType: artifactType ?? null });
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    // The repository may have been deleted since the image was listed.
    if (!isException(error, "RepositoryNotFoundException")) throw error;
  }
  return found;
}

/** The artifact types of referrers, or `none`. */
export function describeReferrers(referrers: readonly Referrer[]): string {
  return referrers.map(({ artifactType }) => artifactType ?? "unknown type").join(", ") || "none";
}
