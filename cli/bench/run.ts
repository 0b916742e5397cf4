import type { ECRClient } from "@aws-sdk/client-ecr";
import { isCallError } from "../../registry/aws/errors";
import { explainError } from "../../registry/aws/remedies";
import type { Aws } from "../../registry/aws/with-aws";
import { readOwnership } from "../../registry/existing";
import { ownerProblem, type Target } from "../../registry/target";
import { orProblem } from "../../registry/upstream/distribution-api";
import type { EnvironmentContext } from "../shell/context";
import { formatBytes } from "../shell/format";
import { type Column, printJson, printTable, Progress } from "../shell/output";
import { warnOfRecordedPulls } from "../shell/pull-times";
import type { Session } from "../shell/session";
import type { Measured } from "./json";
import { measurePull, NotPulled, type Source, type Timing } from "./measure";
import { cacheSource, isCached, upstreamSource } from "./sources";

const NOT_ASKED = "a private registry of ECR is not asked";

const titleOf = ({ from, cachedBefore }: Measured) => {
  if (from === "cache-first") return `cache, ${cachedBefore ? "cached before" : "first pull"}`;
  return from === "cache-second" ? "cache, second pull" : from;
};

const seconds = (milliseconds: number | null) =>
  milliseconds === null ? "-" : `${(milliseconds / 1000).toFixed(2)} s`;

const columns: readonly Column<Measured>[] = [
  { title: "IMAGE", value: ({ image }) => image },
  { title: "FROM", value: titleOf },
  { title: "MANIFEST", value: ({ manifestMs }) => seconds(manifestMs), align: "right" },
  { title: "LAYERS", value: ({ layersMs }) => seconds(layersMs), align: "right" },
  {
    title: "TOTAL",
    value: ({ manifestMs, layersMs }) =>
      seconds(manifestMs === null || layersMs === null ? null : manifestMs + layersMs),
    align: "right",
  },
  {
    title: "SIZE",
    value: ({ bytes }) => (bytes === null ? "-" : formatBytes(bytes)),
    align: "right",
  },
];

async function timingOf(
  source: Source | undefined,
  reference: string,
  platform: string,
): Promise<Pick<Measured, keyof Timing | "message">> {
  const measured = await orProblem(async () => {
    if (!source) return { ok: false as const, problem: NOT_ASKED };
    try {
      return await measurePull(source, reference, platform);
    } catch (error) {
      if (error instanceof NotPulled) return { ok: false as const, problem: error.message };
      if (isCallError(error)) return { ok: false as const, problem: explainError(error) };
      throw error;
    }
  });
  return "problem" in measured
    ? { manifestMs: null, layersMs: null, bytes: null, message: measured.problem }
    : { ...measured, message: null };
}

/** Pulls each image from its upstream and twice through the cache, one after the other, and prints how long it took. */
export async function runBench(
  session: Session,
  aws: Aws,
  ecr: ECRClient,
  { environment, region, environments }: EnvironmentContext,
  targets: readonly Target[],
  { platform, json }: { readonly platform: string; readonly json: boolean },
): Promise<void> {
  await warnOfRecordedPulls(session, aws, environment, region);
  const ownership = await readOwnership(ecr, environment, region, environments);
  const progress = new Progress(session.stderr);
  const done: Measured[] = [];
  for (const target of targets) {
    const { image, repository, digest } = target;
    // ECR imports by the tag alone, where there is one.
    const tag = target.tag ?? digest ?? "latest";
    progress.update(() => image);
    const foreign = ownerProblem(target, ownership);
    const cachedBefore = await isCached(ecr, repository, tag);
    const cache = cacheSource(ecr, target);
    for (const from of ["upstream", "cache-first", "cache-second"] as const) {
      const isUpstream = from === "upstream";
      const reference = from === "cache-first" ? tag : (digest ?? tag);
      const timing =
        foreign !== undefined && !isUpstream
          ? { manifestMs: null, layersMs: null, bytes: null, message: foreign }
          : await timingOf(
              isUpstream ? upstreamSource(aws, region, target) : cache,
              reference,
              platform,
            );
      done.push({ image, from, cachedBefore, ...timing });
    }
  }
  progress.clear();

  if (json) printJson(session, done);
  else printTable(session, columns, done);
  for (const { image, from, message } of done) {
    if (message !== null) session.stderr.write(`ecr-cache: ${image} (${from}): ${message}\n`);
  }
  if (done.some(({ from, message }) => from !== "upstream" && message !== null)) {
    session.exitCode = 2;
  }
}
