import { shortDigest } from "../shell/format";
import { groupBy } from "../../ecr/group-by";
import type { RefreshOutcome } from "./json";
import { isFailure, type RefreshOptions, refreshTag } from "./refresh-tag";
import { findTargets, type RegionalTarget } from "../../registry/target";
import { mapAll } from "../../registry/aws/map-concurrently";
import type { Aws } from "../../registry/aws/with-aws";
import { reportBadNames } from "../shell/bad-names";
import type { RegionsContext } from "../shell/context";
import { openRegistries, withRegion } from "../shell/regions";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import { askUpstreamOf, upstreamBaseUrl } from "../../registry/upstream/ask-upstream";
import type { Session } from "../shell/session";

/** Repositories in work at a time: ECR takes ten PutImage a second, and an image needs up to three. */
const CONCURRENCY = 4;

type TaggedTarget = RegionalTarget & { readonly tag: string };

export type RefreshRequest = Pick<RefreshOptions, "dryRun" | "force" | "deleteOld" | "retry"> & {
  readonly json: boolean;
};

/**
 * What to refresh. Images that can't be refreshed are reported.
 *
 * @throws UserError with a line for each image, if none can be refreshed.
 */
export function refreshTargets(
  session: Session,
  images: readonly string[],
  context: RegionsContext,
): TaggedTarget[] {
  const { targets, problems } = findTargets(images, context);
  const pinned = targets.filter(({ digest }) => digest !== undefined);
  const tagged = targets
    .filter(({ digest }) => digest === undefined)
    .map((target) => ({ ...target, tag: target.tag ?? "latest" }));
  const reasons = pinned.map(
    ({ image }) =>
      `image ${JSON.stringify(image)}: has a digest, whose image never changes. Name a tag instead`,
  );
  reportBadNames(session, [...problems, ...new Set(reasons)], tagged.length === 0);
  return tagged;
}

const columns: readonly Column<RefreshOutcome>[] = [
  { title: "IMAGE", value: ({ repository, tag }) => `${repository}:${tag}` },
  { title: "OLD", value: ({ oldDigest }) => (oldDigest === null ? "-" : shortDigest(oldDigest)) },
  { title: "NEW", value: ({ newDigest }) => (newDigest === null ? "-" : shortDigest(newDigest)) },
  { title: "STATUS", value: ({ status }) => status },
];

/** Refreshes targets, and prints the outcome of each. */
export async function runRefresh(
  session: Session,
  aws: Aws,
  context: RegionsContext,
  wanted: readonly TaggedTarget[],
  request: RefreshRequest,
): Promise<void> {
  const { regions } = context;
  upstreamBaseUrl();
  const registries = await openRegistries(session, aws, context);
  const targets = wanted.filter(({ region }) => registries.has(region));
  const nameOf = ({
    region,
    repository,
    tag,
  }: Pick<TaggedTarget, "region" | "repository" | "tag">) =>
    `${repository}:${tag}${regions.length > 1 ? ` in ${region}` : ""}`;
  const progress = new Progress(session.stderr);
  const outcomes = new Map<TaggedTarget, RefreshOutcome>();
  const defects: unknown[] = [];
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    progress.clear();
    session.stderr.write(
      "Stopping once the images in progress are done; press Ctrl+C again to stop now.\n",
    );
  };

  process.once("SIGINT", stop);
  try {
    await mapAll(
      groupBy(targets, ({ region, repository }) => `${region} ${repository}`),
      CONCURRENCY,
      async (group) => {
        for (const target of group) {
          if (isStopped) return;
          const { region } = target;
          const { ecr, ownership } = registries.get(region)!;
          try {
            const outcome = await refreshTag(ecr, target, {
              ...request,
              ownership,
              explain: explainError,
              askUpstream: () => askUpstreamOf(aws, region, target),
              onRisk: (_, risk) => {
                progress.clear();
                session.stderr.write(`ecr-cache: ${nameOf(target)}: ${risk}\n`);
              },
              onStep: ({ image }, step) => {
                progress.update(() => `${outcomes.size} of ${targets.length}; ${image}: ${step}`);
              },
            });
            outcomes.set(target, { region, ...outcome });
          } catch (error) {
            // Refreshes in progress are finished before it is reported.
            defects.push(error);
            return;
          }
        }
      },
    );
  } finally {
    process.removeListener("SIGINT", stop);
    progress.clear();
  }

  const done = targets.flatMap((target) => outcomes.get(target) ?? []);
  if (request.json) printJson(session, done);
  else if (done.length > 0) printTable(session, withRegion(regions, columns), done);
  for (const { message, ...one } of done) {
    if (message !== null) session.stderr.write(`ecr-cache: ${nameOf(one)}: ${message}\n`);
  }
  if (defects.length > 0) throw defects[0];
  if (done.some(({ missing }) => missing.length > 0) && session.exitCode === 0)
    session.exitCode = 1;
  if (done.some(isFailure)) session.exitCode = 2;
  if (isStopped && done.length < targets.length) {
    session.exitCode = 2;
    const left = count(targets.length - done.length, "image");
    session.stderr.write(`ecr-cache: stopped; ${left} not processed\n`);
  }
}
