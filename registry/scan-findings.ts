import {
  DescribeImageScanFindingsCommand,
  type ECRClient,
  type ScanStatus,
} from "@aws-sdk/client-ecr";
import { SEVERITIES, type Severity } from "../ecr/scanning";
import { isException } from "./aws/errors";
import type { CachedImage } from "./cached-image";
import { isIndexMediaType } from "./media-types";

/*
 * What scans found in images.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */

/** What a scan found in an image. */
export interface ScanFindings {
  /** ECR's; null: the image was never scanned. */
  readonly status: ScanStatus | null;
  /** How many findings there are of each severity that there is. */
  readonly counts: Readonly<Partial<Record<Severity, number>>>;
  /** The worst severity; null: there is no finding. */
  readonly worst: Severity | null;
}

/** Whether ECR can scan an image: it scans neither an index, but what that lists, nor signatures and the like. */
export function isScannable({ mediaType, subject }: CachedImage): boolean {
  return !isIndexMediaType(mediaType) && subject === undefined;
}

/** Reads how many findings an image has, in one call: the counts are on the first page, however many there are. */
export async function scanFindings(
  ecr: ECRClient,
  { repository, digest }: Pick<CachedImage, "repository" | "digest">,
): Promise<ScanFindings> {
  try {
    const { imageScanStatus, imageScanFindings } = await ecr.send(
      new DescribeImageScanFindingsCommand({
        repositoryName: repository,
        imageId: { imageDigest: digest },
        maxResults: 1,
      }),
    );
    const counts = imageScanFindings?.findingSeverityCounts ?? {};
    const worst = SEVERITIES.find((severity) => (counts[severity] ?? 0) > 0);
    return { status: imageScanStatus?.status ?? null, counts, worst: worst ?? null };
  } catch (error) {
    // The image may have been deleted since it was listed.
    const isAbsent = [
      "ScanNotFoundException",
      "ImageNotFoundException",
      "RepositoryNotFoundException",
    ];
    if (!isAbsent.some((name) => isException(error, name))) throw error;
    return { status: null, counts: {}, worst: null };
  }
}

/** `2 critical, 5 high`; `none`, or why nothing is known. */
export function describeFindings({ status, counts, worst }: ScanFindings): string {
  if (worst !== null) {
    return SEVERITIES.flatMap((severity) =>
      counts[severity] ? [`${counts[severity]} ${severity.toLowerCase()}`] : [],
    ).join(", ");
  }
  if (status === "COMPLETE" || status === "ACTIVE") return "none";
  return status === null ? "not scanned" : status.toLowerCase().replaceAll("_", " ");
}
