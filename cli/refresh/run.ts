import { UserError } from "../../ecr/user-error";
import { shortDigest } from "../shell/format";
import { groupBy } from "../../ecr/group-by";
import { readOwnership } from "../../registry/existing";
import type { RefreshOutcome } from "./json";
import { isFailure, type RefreshOptions, refreshTag } from "./refresh-tag";
import { findTargets, type Target, targetContext } from "../../registry/target";
import { mapAll } from "../../registry/aws/map-concurrently";
import type { Aws } from "../../registry/aws/with-aws";
import type { EnvironmentContext } from "../shell/context";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import { askUpstreamOf, upstreamBaseUrl } from "../../registry/upstream/ask-upstream";
import type { Session } from "../shell/session";

/** Repositories in work at a time: ECR takes ten PutImage a second, and an image needs up to three. */
const CONCURRENCY = 4;

type TaggedTarget = Target & { readonly tag: string };

export type RefreshRequest = Pick<RefreshOptions, "dryRun" | "force" | "deleteOld" | "retry"> & {
  readonly json: boolean;
};

/**
 * What to refresh.
 *
 * @throws UserError with a line for each image that can't be refreshed.
 */
export function refreshTargets(
  images: readonly string[],
  { environment, region, environments }: EnvironmentContext,
): TaggedTarget[] {
  const targets = findTargets(images, targetContext(environment, region, environments));
  const pinned = targets.filter(({ digest }) => digest !== undefined);
  if (pinned.length > 0) {
    throw new UserError(
      pinned
        .map(
          ({ image }) =>
            `image ${JSON.stringify(image)}: has a digest, whose image never changes. Name a tag instead`,
        )
        .join("\n"),
    );
  }
  const tagged = targets.map((target) => ({ ...target, tag: target.tag ?? "latest" }));
  return [...new Map(tagged.map((one) => [`${one.repository}:${one.tag}`, one])).values()];
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
  { environment, region, environments }: EnvironmentContext,
  targets: readonly TaggedTarget[],
  request: RefreshRequest,
): Promise<void> {
  upstreamBaseUrl();
  const ecr = await aws.ecr(region);
  const ownership = await readOwnership(ecr, environment, region, environments);
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
      groupBy(targets, ({ repository }) => repository),
      CONCURRENCY,
      async (group) => {
        for (const target of group) {
          if (isStopped) return;
          try {
            const outcome = await refreshTag(ecr, target, {
              ...request,
              ownership,
              explain: explainError,
              askUpstream: () => askUpstreamOf(aws, region, target),
              onRisk: ({ repository, tag }, risk) => {
                progress.clear();
                session.stderr.write(`ecr-cache: ${repository}:${tag ?? ""}: ${risk}\n`);
              },
              onStep: ({ image }, step) => {
                progress.update(() => `${outcomes.size} of ${targets.length}; ${image}: ${step}`);
              },
            });
            outcomes.set(target, outcome);
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
  else if (done.length > 0) printTable(session, columns, done);
  for (const { repository, tag, message } of done) {
    if (message !== null) session.stderr.write(`ecr-cache: ${repository}:${tag}: ${message}\n`);
  }
  if (defects.length > 0) throw defects[0];
  if (done.some(({ missing }) => missing.length > 0)) session.exitCode = 1;
  if (done.some(isFailure)) session.exitCode = 2;
  if (isStopped && done.length < targets.length) {
    session.exitCode = 2;
    const left = count(targets.length - done.length, "image");
    session.stderr.write(`ecr-cache: stopped; ${left} not processed\n`);
  }
}
