import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ExistingPolicies } from "../../ecr/existing-policies";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { formatBytes, formatCount } from "../shell/format";
import { mapConcurrently } from "../../registry/aws/map-concurrently";
import type { ApplyJson, LifecycleJson } from "./json";
import { PreviewError, previewLifecyclePolicy } from "./preview";
import { type LifecycleStatus, lifecycleStatuses } from "./status";
import { ownershipOf } from "../../registry/ownership";
import { isCallError } from "../../registry/aws/errors";
import { addCounts, NO_COUNTS } from "../../reconcile/counts";
import { reconcileAll } from "../../reconcile/reconcile";
import { readRegistry } from "../../reconcile/registry";
import type { Aws } from "../../registry/aws/with-aws";
import type { RegionsContext } from "../shell/context";
import { inEachRegion, ofEachRegion, withRegion } from "../shell/regions";
import { drained } from "../shell/drain";
import { StreamedTable } from "../shell/streamed-table";
import { type Column, count, JsonArray, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import type { Session } from "../shell/session";

/** Concurrent previews. */
const PREVIEWS = 5;

interface Request extends RegionsContext {
  readonly existingPolicies: ExistingPolicies;
  readonly json: boolean;
}

export interface LifecycleRequest extends Request {
  readonly all: boolean;
  readonly preview: boolean;
}

interface Sink<Row> {
  add(row: Row): void;
  end(): void;
}

function sinkOf<Row>(session: Session, json: boolean, columns: readonly Column<Row>[]): Sink<Row> {
  return json ? new JsonArray(session) : new StreamedTable(session, columns);
}

const repositoriesOf = (number: number) => count(number, "repository", "repositories");

const statusColumns: readonly Column<LifecycleJson>[] = [
  { title: "REPOSITORY", value: ({ repository }) => repository },
  { title: "STATE", value: ({ state }) => state },
  { title: "ACTION", value: ({ action }) => action ?? "-" },
  { title: "REASON", value: ({ reason }) => reason ?? "" },
];

function previewCell(preview: LifecycleJson["preview"], what: "images" | "bytes"): string {
  if (preview === null) return "-";
  if ("problem" in preview) return "?";
  const { images, bytes } = preview.expire;
  return what === "images" ? formatCount(images) : formatBytes(bytes);
}

const previewColumns: readonly Column<LifecycleJson>[] = [
  ...statusColumns.slice(0, 3),
  { title: "EXPIRE", value: ({ preview }) => previewCell(preview, "images"), align: "right" },
  { title: "FREES", value: ({ preview }) => previewCell(preview, "bytes"), align: "right" },
  ...statusColumns.slice(3),
];

async function withPreview(
  ecr: ECRClient,
  { policyText, ...status }: LifecycleStatus & { readonly region: string },
  isWanted: boolean,
): Promise<LifecycleJson> {
  if (!isWanted || policyText === null) return { ...status, preview: null };
  try {
    return { ...status, preview: await previewLifecyclePolicy(ecr, status.repository, policyText) };
  } catch (error) {
    if (error instanceof PreviewError) return { ...status, preview: { problem: error.message } };
    if (!isCallError(error)) throw error;
    return { ...status, preview: { problem: explainError(error) } };
  }
}

/** Prints the repositories that don't have their template's lifecycle policy. */
export async function runLifecycle(
  session: Session,
  aws: Aws,
  request: LifecycleRequest,
): Promise<void> {
  const { environment, regions, environments, existingPolicies, all, preview, json } = request;
  const progress = new Progress(session.stderr);
  const columns = withRegion(regions, preview ? previewColumns : statusColumns);
  const sink = sinkOf(session, json, columns);
  const totals = { examined: 0, notInOrder: 0, notProven: 0, expire: { images: 0, bytes: 0 } };
  let problems = 0;

  async function* listedIn(region: string): AsyncGenerator<LifecycleJson> {
    const ecr = await aws.ecr(region);
    yield* mapConcurrently(notInOrderIn(ecr, region), PREVIEWS, (status) =>
      withPreview(ecr, { ...status, region }, preview),
    );
  }
  async function* notInOrderIn(ecr: ECRClient, region: string): AsyncGenerator<LifecycleStatus> {
    const registry = await readRegistry(ecr);
    const ownership = ownershipOf(
      declaredPrefixes(environment, region, environments),
      registry.rulePrefixes,
    );
    for await (const status of lifecycleStatuses(ecr, registry, ownership, existingPolicies)) {
      totals.examined += 1;
      const { state } = status;
      if (state === "not-proven") totals.notProven += 1;
      else if (state !== "in-order") totals.notInOrder += 1;
      progress.update(
        () =>
          `${formatCount(totals.examined)} repositories, ${formatCount(totals.notInOrder)} not in order`,
      );
      if (all || (state !== "in-order" && state !== "not-proven")) yield status;
    }
  }

  for await (const row of ofEachRegion(session, regions, listedIn)) {
    progress.clear();
    sink.add(row);
    await drained(session.stdout);
    if (row.preview === null) continue;
    if ("problem" in row.preview) {
      problems += 1;
      session.stderr.write(
        `ecr-cache: ${row.repository} in ${row.region}: ${row.preview.problem}\n`,
      );
      continue;
    }
    totals.expire.images += row.preview.expire.images;
    totals.expire.bytes += row.preview.expire.bytes;
  }
  progress.clear();
  sink.end();

  const { examined, notInOrder, notProven, expire } = totals;
  session.stderr.write(
    [
      `${formatCount(notInOrder)} of ${repositoriesOf(examined)} not in order`,
      ...(notProven > 0
        ? [
            `${formatCount(notProven)} that only ROOT covers left alone, because nothing proves that the cache created them`,
          ]
        : []),
      ...(preview
        ? [
            `the policy would expire ${count(expire.images, "image")}, ${formatBytes(expire.bytes)}, in the repositories listed`,
          ]
        : []),
    ].join("; ") + ".\n",
  );
  if (notInOrder > 0 && session.exitCode === 0) session.exitCode = 1;
  if (problems > 0) session.exitCode = 2;
}

const reportColumns: readonly Column<ApplyJson>[] = [
  { title: "REPOSITORY", value: ({ repository }) => repository },
  {
    title: "CHANGED",
    value: ({ changes }) =>
      changes.map(({ aspect, reason }) => `${aspect} ${reason}`).join("; ") || "-",
  },
  { title: "KEPT", value: ({ kept }) => kept.join("; ") || "-" },
  { title: "FAILED", value: ({ failures }) => failures.join("; ") || "-" },
];

/** Makes all repositories follow their template, and prints what was changed, kept or failed. */
export async function runLifecycleApply(
  session: Session,
  aws: Aws,
  request: Request,
): Promise<void> {
  const { environment, regions, environments, existingPolicies, json } = request;
  const progress = new Progress(session.stderr);
  const sink = sinkOf(session, json, withRegion(regions, reportColumns));
  let reported = 0;
  const results = await inEachRegion(session, regions, async (region) =>
    reconcileAll(await aws.ecr(region), {
      prefixes: declaredPrefixes(environment, region, environments),
      existingPolicies,
      // What `verify` finds in repository policies must be fixed by this.
      thorough: true,
      onReport: (report) => {
        reported += 1;
        progress.clear();
        sink.add({ region, ...report });
        progress.update(() => `${formatCount(reported)} repositories changed, kept or failed`);
      },
    }),
  );
  const { examined, changed, kept, failed } = results
    .map(({ result }) => result)
    .reduce(addCounts, NO_COUNTS);
  progress.clear();
  sink.end();
  session.stderr.write(
    `${repositoriesOf(examined)} examined: ${formatCount(changed)} changed, ${formatCount(kept)} kept, ${formatCount(failed)} failed.\n`,
  );
  if (kept > 0 && session.exitCode === 0) session.exitCode = 1;
  if (failed > 0) session.exitCode = 2;
}
