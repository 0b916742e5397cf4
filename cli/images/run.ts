import type { ECRClient } from "@aws-sdk/client-ecr";
import { type CachedImage, storedBytes, upstreamCheckNotBefore } from "../../registry/cached-image";
import { formatAge, formatBytes, formatCount, formatDay, shortDigest } from "../shell/format";
import { type ImageFilter, imageMatcher } from "./filter";
import type { ImageJson } from "./json";
import { type ImageOrder, SortedImages } from "./sort";
import { imagePages, type OwnedRepository, ownedRepositories } from "../../registry/listing";
import { readOwnership } from "../../registry/existing";
import type { EnvironmentContext } from "../shell/context";
import { drained } from "../shell/drain";
import { StreamedTable } from "../shell/streamed-table";
import { type Column, count, JsonArray, Progress } from "../shell/output";
import type { Session } from "../shell/session";

export interface ImagesRequest extends EnvironmentContext {
  readonly filter: ImageFilter;
  /** Default: as ECR lists them. */
  readonly sort?: ImageOrder;
  readonly isReversed: boolean;
  readonly limit: number;
  readonly json: boolean;
}

interface Sink {
  add(image: CachedImage): void;
  end(): void;
}

function toJson(image: CachedImage): ImageJson {
  const notBefore = upstreamCheckNotBefore(image);
  return {
    repository: image.repository,
    tags: image.tags,
    digest: image.digest,
    mediaType: image.mediaType,
    sizeBytes: image.sizeBytes,
    pushedAt: image.pushedAt.toISOString(),
    lastPulledAt: image.lastPulledAt?.toISOString() ?? null,
    status: image.status,
    upstreamCheck: notBefore ? { notBefore: notBefore.toISOString() } : null,
  };
}

function columns(now: Date): Column<CachedImage>[] {
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
  ];
}

function printer(session: Session, json: boolean, now: Date): Sink {
  if (!json) return new StreamedTable(session, columns(now));
  const array = new JsonArray(session);
  return { add: (image) => array.add(toJson(image)), end: () => array.end() };
}

async function* only(
  repositories: AsyncIterable<OwnedRepository>,
  matches: (name: string) => boolean,
): AsyncGenerator<OwnedRepository> {
  for await (const repository of repositories) {
    if (matches(repository.name)) yield repository;
  }
}

/** Prints the images of a cache that match a filter. */
export async function runImages(
  session: Session,
  ecr: ECRClient,
  request: ImagesRequest,
): Promise<void> {
  const { environment, region, environments, filter, sort, isReversed, limit, json } = request;
  const now = new Date();
  const matcher = imageMatcher(filter, now);
  const repositories = only(
    ownedRepositories(ecr, await readOwnership(ecr, environment, region, environments)),
    matcher.repository,
  );

  const progress = new Progress(session.stderr);
  const sink = printer(session, json, now);
  const sorted = sort && new SortedImages(sort, isReversed, limit);
  const totals = { repositories: 0, images: 0, bytes: 0 };
  let printed = 0;
  const print = async (image: CachedImage) => {
    progress.clear();
    sink.add(image);
    printed += 1;
    await drained(session.stdout);
  };

  pages: for await (const { repository, images, isLast } of imagePages(ecr, repositories)) {
    for (const image of images) {
      if (!matcher.image(image)) continue;
      totals.images += 1;
      totals.bytes += storedBytes(image);
      if (sorted) sorted.add(image);
      else await print(image);
      if (printed === limit) break pages;
    }
    if (isLast) totals.repositories += 1;
    progress.update(
      () =>
        `${formatCount(totals.repositories)} repositories, ${formatCount(totals.images)} images; ${repository.name}`,
    );
  }
  for (const image of sorted?.list() ?? []) await print(image);
  progress.clear();
  sink.end();
  const cache = `the cache of environment ${environment.name} in ${region}`;
  session.stderr.write(`${summary(totals, printed, sorted ? Infinity : limit)} in ${cache}.\n`);
}

interface Totals {
  readonly repositories: number;
  readonly images: number;
  readonly bytes: number;
}

function summary(totals: Totals, printed: number, endedAt: number): string {
  if (totals.images === 0) {
    return `No image matches (of ${count(totals.repositories, "repository", "repositories")})`;
  }
  const what = `${formatCount(totals.images)} ${totals.images === 1 ? "image" : "images"}`;
  if (printed === endedAt) return `The first ${what} that ECR lists, ${formatBytes(totals.bytes)},`;
  const shown = printed < totals.images ? `, ${formatCount(printed)} of them shown` : "";
  return `${what}${shown}, ${formatBytes(totals.bytes)},`;
}
