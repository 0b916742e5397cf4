import type { ECRClient } from "@aws-sdk/client-ecr";
import { UserError } from "../../ecr/user-error";
import { isCallError } from "../../registry/aws/errors";
import { mapAll, readAhead } from "../../registry/aws/map-concurrently";
import { explainError } from "../../registry/aws/remedies";
import type { Aws } from "../../registry/aws/with-aws";
import { readOwnership } from "../../registry/existing";
import type { Ownership } from "../../registry/ownership";
import type { RegionsContext } from "./context";
import type { Column } from "./output";
import { warnOfRecordedPulls } from "./pull-times";
import type { Session } from "./session";

/*
 * Work in several regions of an environment at a time. A region whose work fails is reported, with exit code 2, and does not
 * hide what the others have come to; if all fail, that is the error.
 */

/** Regions that are worked on at a time. */
const CONCURRENCY = 4;

/** Items of a region that are held until those of the regions before it are printed. */
const AHEAD = 100;

/** The failures of regions. */
class Failures {
  private readonly failures = new Map<string, unknown>();

  constructor(
    private readonly session: Session,
    private readonly regions: readonly string[],
  ) {}

  /** @throws the error, if it is a defect or that of the only region. */
  add(region: string, error: unknown): void {
    const isExpected = error instanceof UserError || isCallError(error);
    if (!isExpected || this.regions.length === 1) throw error;
    this.failures.set(region, error);
  }

  /** Reports the failures. @throws UserError if every region has failed. */
  report(): void {
    const lines = [...this.failures].map(([region, error]) =>
      (error instanceof UserError ? error.message : explainError(error)).replace(
        /^/gm,
        `${region}: `,
      ),
    );
    if (lines.length === this.regions.length) throw new UserError(lines.join("\n"));
    for (const line of lines) {
      this.session.exitCode = 2;
      this.session.stderr.write(`ecr-cache: ${line.replaceAll("\n", "\necr-cache: ")}\n`);
    }
  }
}

/**
 * The results of work in each region, in the order of the regions, without those whose work has failed.
 *
 * @throws UserError if it has failed in every region.
 */
export async function inEachRegion<Result>(
  session: Session,
  regions: readonly string[],
  work: (region: string) => Promise<Result>,
): Promise<{ readonly region: string; readonly result: Result }[]> {
  const failures = new Failures(session, regions);
  const results = await mapAll(regions, CONCURRENCY, async (region) => {
    try {
      return [{ region, result: await work(region) }];
    } catch (error) {
      failures.add(region, error);
      return [];
    }
  });
  failures.report();
  return results.flat();
}

/** A region's registry, and what of it is the environment's. */
export interface RegionalRegistry {
  readonly ecr: ECRClient;
  readonly ownership: Ownership;
}

/**
 * The registries of regions, by region, without those that could not be asked.
 *
 * @throws UserError if none could be.
 */
export async function openRegistries(
  session: Session,
  aws: Aws,
  { environment, regions, environments }: RegionsContext,
): Promise<ReadonlyMap<string, RegionalRegistry>> {
  const opened = await inEachRegion(session, regions, async (region) => {
    const ecr = await aws.ecr(region);
    await warnOfRecordedPulls(session, aws, environment, region);
    return { ecr, ownership: await readOwnership(ecr, environment, region, environments) };
  });
  return new Map(opened.map(({ region, result }) => [region, result]));
}

/**
 * The items of each region, one region after the other, while those of the next regions are read ahead.
 *
 * @throws UserError if it has failed in every region.
 */
export async function* ofEachRegion<Item>(
  session: Session,
  regions: readonly string[],
  read: (region: string) => AsyncIterable<Item>,
): AsyncGenerator<Item & { readonly region: string }> {
  const failures = new Failures(session, regions);
  const started = new Map<string, AsyncGenerator<Item>>();
  for (const [index, region] of regions.entries()) {
    for (const next of regions.slice(index, index + CONCURRENCY)) {
      if (!started.has(next)) started.set(next, readAhead(read(next), AHEAD));
    }
    try {
      for await (const item of started.get(region)!) yield { ...item, region };
    } catch (error) {
      failures.add(region, error);
    }
  }
  failures.report();
}

/** The columns of a table, with one for the region if there are several. */
export function withRegion<Row extends { readonly region: string }>(
  regions: readonly string[],
  columns: readonly Column<Row>[],
): readonly Column<Row>[] {
  const column: Column<Row> = { title: "REGION", value: ({ region }) => region };
  return regions.length > 1 ? [column, ...columns] : columns;
}
