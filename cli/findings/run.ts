import { DAY_MS } from "../../ecr/day";
import { SEVERITIES, type Severity } from "../../ecr/scanning";
import { mapConcurrently } from "../../registry/aws/map-concurrently";
import type { Aws } from "../../registry/aws/with-aws";
import { type CachedImage, lastUsedAt } from "../../registry/cached-image";
import { readOwnership } from "../../registry/existing";
import { imageMatcher } from "../../registry/image-filter";
import { imagesByRepository, onlyNamed, ownedRepositories } from "../../registry/listing";
import { isIndexMediaType } from "../../registry/media-types";
import {
  describeFindings,
  isScannable,
  type ScanFindings,
  scanFindings,
} from "../../registry/scan-findings";
import type { RegionsContext } from "../shell/context";
import { drained } from "../shell/drain";
import { formatCount, formatDay, shortDigest } from "../shell/format";
import { type Column, count, JsonArray, Progress } from "../shell/output";
import { ofEachRegion, withRegion } from "../shell/regions";
import type { Session } from "../shell/session";
import { StreamedTable } from "../shell/streamed-table";
import type { FindingsJson } from "./json";

export interface FindingsRequest extends RegionsContext {
  readonly pattern: string | undefined;
  /** Default: whether or not they are used. */
  readonly usedDays: number | undefined;
  /** Default: findings are no failure. */
  readonly failOn: Severity | undefined;
  readonly json: boolean;
}

/** Images whose findings are read at a time. AWS publishes no rate of DescribeImageScanFindings. */
const CONCURRENCY = 10;

interface Scanned {
  readonly image: CachedImage;
  readonly findings: ScanFindings;
}

type Row = Scanned & { readonly region: string };

const columns: readonly Column<Row>[] = [
  { title: "REPOSITORY", value: ({ image }) => image.repository },
  { title: "TAGS", value: ({ image }) => image.tags.join(",") || "-" },
  { title: "DIGEST", value: ({ image }) => shortDigest(image.digest) },
  {
    title: "LAST PULLED",
    value: ({ image }) => (image.lastPulledAt ? formatDay(image.lastPulledAt) : "never"),
  },
  { title: "WORST", value: ({ findings }) => findings.worst?.toLowerCase() ?? "-" },
  { title: "FINDINGS", value: ({ findings }) => describeFindings(findings) },
];

function toJson({ region, image, findings }: Row): FindingsJson {
  const { repository, tags, digest, lastPulledAt } = image;
  return {
    region,
    repository,
    tags,
    digest,
    lastPulledAt: lastPulledAt?.toISOString() ?? null,
    ...findings,
  };
}

/**
 * The images of one repository that are used, by what ECR records. It records no pulls of what an index lists, so where an
 * index is used, every image without a tag may be.
 */
function usedImages(images: readonly CachedImage[], since: Date): readonly CachedImage[] {
  const isUsed = (image: CachedImage) => lastUsedAt(image) >= since;
  const usesIndex = images.some((image) => isIndexMediaType(image.mediaType) && isUsed(image));
  return images.filter((image) => isUsed(image) || (usesIndex && image.tags.length === 0));
}

/** Prints what scans found in the images of a cache, image by image. */
export async function runFindings(
  session: Session,
  aws: Aws,
  request: FindingsRequest,
): Promise<void> {
  const { environment, environments, regions, usedDays, failOn, json } = request;
  const now = new Date();
  const matcher = imageMatcher(
    { ...(request.pattern !== undefined && { pattern: request.pattern }) },
    now,
  );
  async function* scannable(region: string): AsyncGenerator<CachedImage> {
    const ecr = await aws.ecr(region);
    const ownership = await readOwnership(ecr, environment, region, environments);
    const named = onlyNamed(ownedRepositories(ecr, ownership), matcher.repository);
    for await (const { images } of imagesByRepository(ecr, named)) {
      const wanted =
        usedDays === undefined
          ? images
          : usedImages(images, new Date(now.getTime() - usedDays * DAY_MS));
      yield* wanted.filter((image) => isScannable(image) && matcher.image(image));
    }
  }
  async function* scannedIn(region: string): AsyncGenerator<Scanned> {
    const ecr = await aws.ecr(region);
    yield* mapConcurrently(scannable(region), CONCURRENCY, async (image) => ({
      image,
      findings: await scanFindings(ecr, image),
    }));
  }

  const progress = new Progress(session.stderr);
  const array = json ? new JsonArray(session) : undefined;
  const table = new StreamedTable(session, withRegion(regions, columns));
  const fails = failOn === undefined ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
  const totals = { images: 0, unscanned: 0, failing: 0, counts: new Map<Severity, number>() };
  for await (const row of ofEachRegion(session, regions, scannedIn)) {
    const { worst, status, counts } = row.findings;
    totals.images += 1;
    if (status === null) totals.unscanned += 1;
    if (worst !== null && fails.includes(worst)) totals.failing += 1;
    for (const severity of SEVERITIES) {
      totals.counts.set(severity, (totals.counts.get(severity) ?? 0) + (counts[severity] ?? 0));
    }
    progress.clear();
    if (array) array.add(toJson(row));
    else table.add(row);
    await drained(session.stdout);
    progress.update(() => `${formatCount(totals.images)} images; ${row.image.repository}`);
  }
  progress.clear();
  if (array) array.end();
  else table.end();
  const found = SEVERITIES.flatMap((severity) => {
    const number = totals.counts.get(severity) ?? 0;
    return number > 0 ? [`${formatCount(number)} ${severity.toLowerCase()}`] : [];
  });
  const unscanned = totals.unscanned > 0 ? `; ${count(totals.unscanned, "image")} not scanned` : "";
  session.stderr.write(
    `${count(totals.images, "image")}: ${found.join(", ") || "no findings"}${unscanned}.\n`,
  );
  if (totals.failing > 0) {
    session.exitCode = 1;
    session.stderr.write(
      `${count(totals.failing, "image")} with findings of severity ${failOn!.toLowerCase()} or worse.\n`,
    );
  }
}
