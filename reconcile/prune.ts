import type { ECRClient } from "@aws-sdk/client-ecr";
import { totalBytes } from "../registry/cached-image";
import { imagesOf } from "../registry/listing";
import { deleteImages, type PruneOptions, staleImages } from "../registry/prune";

/*
 * Deleting what nobody pulls, in the run over all repositories.
 */

/** What a run deletes. */
export interface PruneRun extends PruneOptions {
  /** Whether nothing is deleted, only reported. */
  readonly dryRun: boolean;
}

/** How many images were deleted, and stay. Before, there were both together. */
export interface PruneCounts {
  /** Images that were, or in a dry run at most would be, deleted. */
  readonly pruned: number;
  /** The compressed bytes of these; what layers they share with others stays stored. */
  readonly prunedBytes: number;
  /** Images that stay. */
  readonly left: number;
  /** The compressed bytes of these. */
  readonly leftBytes: number;
}

export const NOTHING_PRUNED: PruneCounts = { pruned: 0, prunedBytes: 0, left: 0, leftBytes: 0 };

export function addPruned(one: PruneCounts, other: PruneCounts): PruneCounts {
  return {
    pruned: one.pruned + other.pruned,
    prunedBytes: one.prunedBytes + other.prunedBytes,
    left: one.left + other.left,
    leftBytes: one.leftBytes + other.leftBytes,
  };
}

/** What became of one repository's images. */
export interface PruneOutcome {
  readonly pruned: PruneCounts;
  /** What ECR refused. */
  readonly failures: readonly string[];
  /** Whether there was no time left for the rest. */
  readonly isUnfinished: boolean;
}

/**
 * Deletes the images of a repository that nobody has pulled for long enough. It may be ended at any point: what is left is
 * deleted by the next run.
 *
 * @param shouldStop Asked between calls that delete; true leaves the rest.
 */
export async function pruneImages(
  ecr: ECRClient,
  repositoryName: string,
  options: PruneRun,
  shouldStop?: () => boolean,
): Promise<PruneOutcome> {
  const images = await imagesOf(ecr, repositoryName);
  const stale = staleImages(images, options, new Date());
  const { deleted, failed, isComplete } = options.dryRun
    ? { deleted: stale, failed: [], isComplete: true }
    : await deleteImages(ecr, repositoryName, stale, shouldStop);
  const prunedBytes = totalBytes(deleted);
  return {
    pruned: {
      pruned: deleted.length,
      prunedBytes,
      left: images.length - deleted.length,
      leftBytes: totalBytes(images) - prunedBytes,
    },
    failures: failed.map(({ image, reason }) => `image ${image.digest}: ${reason}`),
    isUnfinished: !isComplete,
  };
}
