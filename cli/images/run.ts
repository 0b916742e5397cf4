import { storedBytes, upstreamCheckNotBefore } from "../../registry/cached-image";
import { formatAge, formatBytes, formatCount, formatDay, shortDigest } from "../shell/format";
import { type ImageFilter, imageMatcher } from "../../registry/image-filter";
import type { ImageJson } from "./json";
import { type ImageOrder, type RegionalImage, SortedImages } from "./sort";
import { type ImagePage, imagePages, onlyNamed, ownedRepositories } from "../../registry/listing";
import { readOwnership } from "../../registry/existing";
import type { RegionsContext } from "../shell/context";
import { ofEachRegion, withRegion } from "../shell/regions";
import { drained } from "../shell/drain";
import { StreamedTable } from "../shell/streamed-table";
import { type Column, count, JsonArray, Progress } from "../shell/output";
import type { Session } from "../shell/session";
import {
  describeFindings,
  isScannable,
  type ScanFindings,
  scanFindings,
} from "../../registry/scan-findings";
import { describeReferrers, imageReferrers, type Referrer } from "../../registry/referrers";
import type { Aws } from "../../registry/aws/with-aws";

export interface ImagesRequest extends RegionsContext {
  readonly filter: ImageFilter;
  /** Default: as ECR lists them. */
  readonly sort?: ImageOrder;
  readonly isReversed: boolean;
  readonly limit: number;
  /** Whether the findings of scans are read: a call for each image that is printed. */
  readonly findings: boolean;
  /** Whether what refers to images is listed: a call for each image that is printed. */
  readonly referrers: boolean;
  readonly json: boolean;
}

/** An image with what scans found; undefined where that is not asked for. */
interface Printed extends RegionalImage {
  readonly findings?: ScanFindings;
  readonly referrers?: readonly Referrer[];
}

interface Sink {
  add(image: Printed): void;
  end(): void;
}

function toJson(image: Printed): ImageJson {
  const notBefore = upstreamCheckNotBefore(image);
  return {
    region: image.region,
    repository: image.repository,
    tags: image.tags,
    digest: image.digest,
    mediaType: image.mediaType,
    sizeBytes: image.sizeBytes,
    pushedAt: image.pushedAt.toISOString(),
    lastPulledAt: image.lastPulledAt?.toISOString() ?? null,
    status: image.status,
    upstreamCheck: notBefore ? { notBefore: notBefore.toISOString() } : null,
    ...(image.findings && { findings: image.findings }),
    ...(image.referrers && { referrers: [...image.referrers] }),
  };
}

function columns(now: Date, { findings, referrers }: ImagesRequest): Column<Printed>[] {
  return [
    { title: "REPOSITORY", value: ({ repository }) => repository },
    {
      title: "TAGS",
      value: ({ tags, status }) =>
        (tags.length > 0 ? tags.join(",") : "-") +
        (status === "ACTIVE" ? "" : ` (${status.toLowerCase()})`),
    },
    { title: "DIGEST", value: ({ digest }) => shortDigest(digest) },
    { title: "SIZE", value: ({ sizeBytes }) => formatBytes(sizeBytes), align: "right" },
    { title: "PUSHED", value: ({ pushedAt }) => formatDay(pushedAt) },
    {
      title: "LAST PULLED",
      value: ({ lastPulledAt }) => (lastPulledAt ? formatDay(lastPulledAt) : "never"),
    },
    {
      title: "UPSTREAM CHECK",
      value: (image) => {
        const notBefore = upstreamCheckNotBefore(image);
        return notBefore ? `<= ${formatAge(notBefore, now)}` : "-";
      },
    },
    ...(findings
      ? [
          {
            title: "FINDINGS",
            value: (image: Printed) => (image.findings ? describeFindings(image.findings) : "-"),
          },
        ]
      : []),
    ...(referrers
      ? [
          {
            title: "REFERRERS",
            value: (image: Printed) => (image.referrers ? describeReferrers(image.referrers) : "-"),
          },
        ]
      : []),
  ];
}

function printer(session: Session, request: ImagesRequest, now: Date): Sink {
  const { regions, json } = request;
  if (!json) return new StreamedTable(session, withRegion(regions, columns(now, request)));
  const array = new JsonArray(session);
  return { add: (image) => array.add(toJson(image)), end: () => array.end() };
}

/** Prints the images of a cache that match a filter. */
export async function runImages(session: Session, aws: Aws, request: ImagesRequest): Promise<void> {
  const { environment, regions, environments, filter, sort, isReversed, limit } = request;
  const now = new Date();
  const matcher = imageMatcher(filter, now);
  async function* pagesIn(region: string): AsyncGenerator<ImagePage> {
    const ecr = await aws.ecr(region);
    const ownership = await readOwnership(ecr, environment, region, environments);
    yield* imagePages(ecr, onlyNamed(ownedRepositories(ecr, ownership), matcher.repository));
  }

  const progress = new Progress(session.stderr);
  const sink = printer(session, request, now);
  const sorted = sort && new SortedImages(sort, isReversed, limit);
  const totals = { repositories: 0, images: 0, bytes: 0, repeated: 0 };
  let printed = 0;
  const print = async (image: RegionalImage) => {
    const findings =
      request.findings && isScannable(image)
        ? await scanFindings(await aws.ecr(image.region), image)
        : undefined;
    const referrers = request.referrers
      ? await imageReferrers(await aws.ecr(image.region), image.repository, image.digest)
      : undefined;
    progress.clear();
    sink.add({ ...image, ...(findings && { findings }), ...(referrers && { referrers }) });
    printed += 1;
    await drained(session.stdout);
  };

  const pages = ofEachRegion(session, regions, pagesIn);
  listing: for await (const { region, repository, images, isLast } of pages) {
    for (const listed of images) {
      if (!matcher.image(listed)) continue;
      const image = { ...listed, region };
      totals.images += 1;
      totals.bytes += image.sizeBytes;
      totals.repeated += image.sizeBytes - storedBytes(image);
      if (sorted) sorted.add(image);
      else await print(image);
      if (printed === limit) break listing;
    }
    if (isLast) totals.repositories += 1;
    progress.update(
      () =>
        `${formatCount(totals.repositories)} repositories, ${formatCount(totals.images)} images; ${repository.name} in ${region}`,
    );
  }
  for (const image of sorted?.list() ?? []) await print(image);
  progress.clear();
  sink.end();
  const cache = `the cache of environment ${environment.name} in ${regions.join(", ")}`;
  session.stderr.write(`${summary(totals, printed, sorted ? Infinity : limit)} in ${cache}.\n`);
}

interface Totals {
  readonly repositories: number;
  readonly images: number;
  /** The sum of the sizes in the rows. */
  readonly bytes: number;
  /** How much of that is of indexes, which have the size of an image that they list. */
  readonly repeated: number;
}

function summary(totals: Totals, printed: number, endedAt: number): string {
  if (totals.images === 0) {
    return `No image matches (of ${count(totals.repositories, "repository", "repositories")})`;
  }
  const what = `${formatCount(totals.images)} ${totals.images === 1 ? "image" : "images"}`;
  const bytes = formatBytes(totals.bytes);
  const size =
    totals.repeated > 0 ? `${bytes} (${formatBytes(totals.repeated)} of it of indexes)` : bytes;
  if (printed === endedAt) return `The first ${what} that ECR lists, ${size},`;
  const shown = printed < totals.images ? `, ${formatCount(printed)} of them shown` : "";
  return `${what}${shown}, ${size},`;
}
