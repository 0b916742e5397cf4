import { describeReferrers } from "../../registry/referrers";
import { shortDigest } from "../shell/format";
import type { RegionalTarget } from "../../registry/target";
import type { Aws } from "../../registry/aws/with-aws";
import type { RegionsContext } from "../shell/context";
import { openRegistries, withRegion } from "../shell/regions";
import type { WarmOutcome } from "./json";
import { type WarmOptions, warmTarget } from "./warm-target";
import { mapAll } from "../../registry/aws/map-concurrently";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import type { Session } from "../shell/session";

export interface WarmRequest extends Pick<WarmOptions, "platforms" | "retry" | "referrers"> {
  readonly parallel: number;
  readonly json: boolean;
}

/** `:1.25`, `:1.25@sha256:…` or `@sha256:…`, as it was asked for. */
function versionOf({ tag, digest, status }: WarmOutcome): string {
  if (tag !== null) return `:${tag}`;
  return digest !== null && status === "cached" ? `@${shortDigest(digest)}` : "";
}

const columns: readonly Column<WarmOutcome>[] = [
  { title: "IMAGE", value: (one) => `${one.repository}${versionOf(one)}` },
  { title: "DIGEST", value: ({ digest }) => (digest === null ? "-" : shortDigest(digest)) },
  { title: "STATUS", value: ({ status }) => status },
];

const platformColumn: Column<WarmOutcome> = {
  title: "PLATFORMS",
  value: ({ platforms }) =>
    platforms
      .filter(({ digest }) => digest !== null)
      .map(({ platform }) => platform)
      .join(",") || "-",
};

const referrersColumn: Column<WarmOutcome> = {
  title: "REFERRERS",
  value: ({ referrers }) => (referrers ? describeReferrers(referrers) : "-"),
};

/** Pulls targets through the cache, and prints what became of each. */
export async function runWarm(
  session: Session,
  aws: Aws,
  context: RegionsContext,
  wanted: readonly RegionalTarget[],
  { parallel, json, ...options }: WarmRequest,
): Promise<void> {
  const { regions } = context;
  const registries = await openRegistries(session, aws, context);
  const targets = wanted.filter(({ region }) => registries.has(region));
  const progress = new Progress(session.stderr);
  let pulled = 0;
  const done = await mapAll(targets, parallel, async (target) => {
    progress.update(() => `${pulled} of ${targets.length}; ${target.image}`);
    const { region } = target;
    const { ecr, ownership } = registries.get(region)!;
    const outcome = await warmTarget(ecr, target, { ...options, ownership, explain: explainError });
    pulled += 1;
    return { region, ...outcome };
  });
  progress.clear();

  if (json) printJson(session, done);
  else if (done.length > 0) {
    const shown = [
      ...columns,
      ...(options.platforms?.length ? [platformColumn] : []),
      ...(options.referrers ? [referrersColumn] : []),
    ];
    printTable(session, withRegion(regions, shown), done);
  }
  for (const { region, image, message } of done) {
    const where = regions.length > 1 ? `${image} in ${region}` : image;
    if (message !== null) session.stderr.write(`ecr-cache: ${where}: ${message}\n`);
  }
  const failed = done.filter(({ status }) => status === "failed").length;
  if (failed > 0) session.exitCode = 2;
  session.stderr.write(
    `${count(done.length - failed, "image")} cached${failed > 0 ? `, ${failed} not` : ""}.\n`,
  );
}
