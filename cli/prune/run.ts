import type { ECRClient } from "@aws-sdk/client-ecr";
import { type CachedImage, totalBytes } from "../../registry/cached-image";
import { explainError } from "../../registry/aws/remedies";
import type { Aws } from "../../registry/aws/with-aws";
import { readOwnership } from "../../registry/existing";
import {
  imagesByRepository,
  type OwnedRepository,
  ownedRepositories,
} from "../../registry/listing";
import { isCacheOrigin } from "../../registry/origin";
import { whyImagesStay } from "../../registry/ownership";
import { deleteImages, type PruneOptions, staleImages } from "../../registry/prune";
import type { RegionsContext } from "../shell/context";
import { drained } from "../shell/drain";
import { formatBytes, formatCount } from "../shell/format";
import { type Column, count, JsonArray, Progress } from "../shell/output";
import type { Session } from "../shell/session";
import { ofEachRegion, withRegion } from "../shell/regions";
import { StreamedTable } from "../shell/streamed-table";
import type { PrunedRepositoryJson } from "./json";

export interface PruneRequest extends RegionsContext, PruneOptions {
  readonly isDeleting: boolean;
  readonly json: boolean;
}

const columns: readonly Column<PrunedRepositoryJson>[] = [
  { title: "REPOSITORY", value: ({ repository }) => repository },
  { title: "IMAGES", value: ({ images }) => formatCount(images), align: "right" },
  { title: "PRUNED", value: ({ pruned }) => formatCount(pruned), align: "right" },
  { title: "SIZE", value: ({ prunedBytes }) => formatBytes(prunedBytes), align: "right" },
  { title: "STATUS", value: ({ status }) => status },
];

/** Lists or deletes the images of a cache that nobody pulls, repository by repository. */
export async function runPrune(session: Session, aws: Aws, request: PruneRequest): Promise<void> {
  const { regions, isDeleting, json } = request;
  const progress = new Progress(session.stderr);
  const sink = json
    ? new JsonArray(session)
    : new StreamedTable(session, withRegion(regions, columns));
  const totals = { repositories: 0, images: 0, bytes: 0, pruned: 0, prunedBytes: 0 };
  const results = ofEachRegion(session, regions, (region) => pruneRegion(aws, region, request));
  for await (const { region, repository, images, row } of results) {
    totals.repositories += 1;
    totals.images += images.length;
    totals.bytes += totalBytes(images);
    progress.update(() => `${formatCount(totals.repositories)} repositories; ${repository}`);
    if (!row) continue;
    totals.pruned += row.pruned;
    totals.prunedBytes += row.prunedBytes;
    progress.clear();
    sink.add(row);
    for (const reason of row.reasons) {
      session.stderr.write(`${region}: ${repository}: ${row.status}: ${reason}\n`);
    }
    if (row.status === "failed") session.exitCode = 1;
    await drained(session.stdout);
  }
  progress.clear();
  sink.end();
  const images = `${count(totals.pruned, "image")} (${formatBytes(totals.prunedBytes)})`;
  const before = `${formatCount(totals.images)} (${formatBytes(totals.bytes)}) in ${count(totals.repositories, "repository", "repositories")}`;
  session.stderr.write(
    isDeleting
      ? `${images} of ${before} deleted.\n`
      : `At most ${images} of ${before} would be deleted. To delete them, add --yes.\n`,
  );
}

/** A repository that was looked at. */
interface Pruned {
  readonly repository: string;
  /** Its images before. */
  readonly images: readonly CachedImage[];
  /** Undefined where there is nothing to prune. */
  readonly row: PrunedRepositoryJson | undefined;
}

/** Looks at the repositories of a region one after the other: each is pruned right after its images were listed. */
async function* pruneRegion(
  aws: Aws,
  region: string,
  request: PruneRequest,
): AsyncGenerator<Pruned> {
  const { environment, environments } = request;
  const ecr = await aws.ecr(region);
  const ownership = await readOwnership(ecr, environment, region, environments);
  const listed = imagesByRepository(ecr, ownedRepositories(ecr, ownership));
  for await (const { repository, images } of listed) {
    const row = await pruneRepository(ecr, region, repository, images, request);
    yield { repository: repository.name, images, row };
  }
}

/** @returns Undefined where there is nothing to prune. */
async function pruneRepository(
  ecr: ECRClient,
  region: string,
  repository: OwnedRepository,
  images: readonly CachedImage[],
  request: PruneRequest,
): Promise<PrunedRepositoryJson | undefined> {
  const stale = staleImages(images, request, new Date());
  if (stale.length === 0) return undefined;
  const { name, prefix } = repository;
  const row = { region, repository: name, images: images.length, reasons: [] };
  const nothing = { pruned: 0, prunedBytes: 0, inUse: null };
  if (!(await isCacheOrigin(ecr, request.environment, repository))) {
    return { ...row, ...nothing, status: "kept", reasons: [whyImagesStay(prefix)] };
  }
  if (!request.isDeleting) {
    return {
      ...row,
      ...nothing,
      status: "found",
      pruned: stale.length,
      prunedBytes: totalBytes(stale),
    };
  }
  try {
    const { deleted, inUse, failed } = await deleteImages(ecr, name, stale);
    return {
      ...row,
      status: failed.length > 0 ? "failed" : "pruned",
      pruned: deleted.length,
      prunedBytes: totalBytes(deleted),
      inUse: inUse.length,
      reasons: failed.map(({ image, reason }) => `${image.digest}: ${reason}`),
    };
  } catch (error) {
    // What one repository refuses keeps no other from being pruned; what was deleted before is counted by the next run.
    return { ...row, ...nothing, status: "failed", reasons: [explainError(error)] };
  }
}
