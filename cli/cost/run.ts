import { costPage } from "./page";
import type { CostJson } from "./json";
import { agesOfAll, costReport, type RegionStorage } from "./report";
import { ageLabel, assumptions, dockerHubSentences, lifecycleSentence } from "./words";
import { DOCKER_HUB_LIMITS } from "../../ecr/docker-hub-limits";
import { dailyPulls, type DockerHubQuota } from "./docker-hub-quota";
import { DAY_MS } from "../../ecr/day";
import { formatBytes, formatCount, formatUsd } from "../shell/format";
import { mapConcurrently } from "../../registry/aws/map-concurrently";
import { imagesByRepository, ownedRepositories } from "../../registry/listing";
import { manifestsOf } from "./manifests";
import { readOwnership } from "../../registry/existing";
import { storagePrice } from "./prices";
import { StorageCount } from "./storage";
import type { Aws } from "../../registry/aws/with-aws";
import type { RegionsContext } from "../shell/context";
import { inEachRegion, withRegion } from "../shell/regions";
import { type Column, formatTable, printJson, Progress } from "../shell/output";
import { writePage } from "../shell/html-page";
import { requireUnrecordedPulls } from "../shell/pull-times";
import type { Session } from "../shell/session";

/** Repositories whose manifests are read concurrently. */
const CONCURRENCY = 5;

export interface CostRequest extends RegionsContext {
  readonly price?: number;
  readonly layers: boolean;
  readonly pullDays?: number;
  readonly top: number;
  readonly html?: string;
  readonly json: boolean;
}

/** Adds up what the cache stores, and prints what it costs. */
export async function runCost(session: Session, aws: Aws, request: CostRequest): Promise<void> {
  const report = await createReport(session, aws, request);
  if (request.html !== undefined)
    await writePage("--html", request.html, costPage(report, request.top));
  if (request.json) printJson(session, report);
  else session.stdout.write(formatReport(report, request.top));
}

async function createReport(session: Session, aws: Aws, request: CostRequest): Promise<CostJson> {
  const { environment, regions, layers } = request;
  const at = new Date();
  const progress = new Progress(session.stderr);
  const counted = await inEachRegion(session, regions, (region) =>
    countRegion(aws, region, request, at, progress),
  ).finally(() => progress.clear());
  return costReport(
    {
      environment: environment.name,
      account: environment.account,
      at,
      sharedLayers: layers ? "counted-once" : "counted-for-each-image",
    },
    counted.map(({ result }) => result),
  );
}

async function countRegion(
  aws: Aws,
  region: string,
  { environment, environments, layers, pullDays, price }: CostRequest,
  now: Date,
  progress: Progress,
): Promise<RegionStorage> {
  if (layers) await requireUnrecordedPulls(aws, environment, region, "--layers");
  const ecr = await aws.ecr(region);
  const ownership = await readOwnership(ecr, environment, region, environments);
  const count = new StorageCount(environment.rules, now);
  const dockerHub = environment.rules
    .filter(({ upstream }) => upstream === "docker-hub")
    .map(({ prefix }) => prefix);
  const hub = { repositories: [] as string[], tags: 0, dailyPulls: 0, pulledLastDay: 0 };

  const listed = imagesByRepository(ecr, ownedRepositories(ecr, ownership));
  const read = mapConcurrently(listed, layers ? CONCURRENCY : 1, async (one) => ({
    ...one,
    manifests: layers
      ? await manifestsOf(
          ecr,
          one.repository.name,
          one.images.map(({ digest }) => digest),
        )
      : undefined,
  }));
  let repositories = 0;
  for await (const { repository, images, manifests } of read) {
    const { name, prefix } = repository;
    count.addRepository(name, prefix, images, manifests);
    if (dockerHub.includes(prefix)) {
      hub.repositories.push(name);
      hub.dailyPulls += dailyPulls(images);
      for (const { tags, lastPulledAt } of images) {
        hub.tags += tags.length;
        if (lastPulledAt && now.getTime() - lastPulledAt.getTime() < DAY_MS) hub.pulledLastDay += 1;
      }
    }
    repositories += 1;
    progress.update(() => `${formatCount(repositories)} repositories; ${name} in ${region}`);
  }

  const quota: DockerHubQuota = {
    limits: DOCKER_HUB_LIMITS,
    tags: hub.tags,
    dailyPulls: hub.dailyPulls,
    pulledLastDay: hub.pulledLastDay,
    pulls:
      pullDays === undefined ? null : await pullsOf(aws, region, hub.repositories, pullDays, now),
  };
  return {
    region,
    price: storagePrice(region, price),
    storage: count.result(),
    dockerHub: dockerHub.length > 0 ? quota : null,
  };
}

async function pullsOf(
  aws: Aws,
  region: string,
  repositories: readonly string[],
  days: number,
  now: Date,
): Promise<DockerHubQuota["pulls"]> {
  const { readPulls } = await import("./pulls");
  return await readPulls(await aws.cloudWatch(region), repositories, days, now);
}

interface Amount {
  readonly images: number;
  readonly bytes: number;
  readonly usdPerMonth: number;
}

const amountColumns: readonly Column<Amount>[] = [
  { title: "IMAGES", value: ({ images }) => formatCount(images), align: "right" },
  { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
  { title: "USD/MONTH", value: ({ usdPerMonth }) => formatUsd(usdPerMonth), align: "right" },
];

function formatReport(report: CostJson, top: number): string {
  const { total, upstreams, repositories, environment, regions } = report;
  const largest = repositories.slice(0, top);
  const more = repositories.length - largest.length;
  return [
    `Environment ${environment} in ${regions.join(", ")}: ${formatBytes(total.bytes)}, ${formatUsd(total.usdPerMonth)} a month, for ${formatCount(total.images)} images in ${formatCount(total.repositories)} repositories.\n`,
    formatTable(
      withRegion<CostJson["upstreams"][number]>(regions, [
        { title: "UPSTREAM", value: ({ upstream }) => upstream },
        { title: "PREFIX", value: ({ prefix }) => prefix },
        {
          title: "REPOSITORIES",
          value: (one) => formatCount(one.repositories),
          align: "right",
        },
        ...amountColumns,
      ]),
      upstreams,
    ),
    formatTable([{ title: "AGE", value: ageLabel }, ...amountColumns], agesOfAll(report)),
    ...(largest.length > 0
      ? [
          formatTable(
            withRegion<CostJson["repositories"][number]>(regions, [
              { title: "REPOSITORY", value: ({ repository }) => repository },
              ...amountColumns,
            ]),
            largest,
          ) + (more > 0 ? `and ${formatCount(more)} more (--top, --json)\n` : ""),
        ]
      : []),
    [lifecycleSentence(report), ...dockerHubSentences(report), ...assumptions(report)]
      .map((sentence) => `${sentence}\n`)
      .join(""),
  ].join("\n");
}
