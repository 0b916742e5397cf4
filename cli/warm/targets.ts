import { text } from "node:stream/consumers";
import { UserError } from "../../ecr/user-error";
import {
  distinctTargets,
  findTarget,
  findTargets,
  type RegionalTarget,
  type Target,
  type TargetContext,
  targetContext,
} from "../../registry/target";
import type { Reference } from "../../rewrite/reference";
import { reportBadNames } from "../shell/bad-names";
import type { RegionsContext } from "../shell/context";
import { findFiles } from "../shell/find-files";
import { count } from "../shell/output";
import { FileRewriter, placeIn } from "../shell/rewrite-file";
import type { Session } from "../shell/session";
import { readTextFile } from "../shell/text-file";

/** Where to find the images. */
export interface WarmSources {
  readonly images: readonly string[];
  /** A file with one image per line, or `-` for standard input. */
  readonly file?: string;
  /** Files and folders that name images. */
  readonly paths: readonly string[];
}

async function readList(session: Session, file: string): Promise<string> {
  if (file === "-") {
    if (session.stdin && !session.stdin.isTTY) return await text(session.stdin);
    throw new UserError("--file: there is no standard input. Pipe a list in, or name a file");
  }
  const read = readTextFile(file);
  if ("problem" in read) {
    throw new UserError(
      `--file: ${JSON.stringify(file)} can't be read (${read.problem}). Name a text file with one image per line`,
    );
  }
  return read.file.text;
}

function linesOf(list: string): string[] {
  return list
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** The name in the cache that a reference has, or would have; undefined if it is unknown. */
function cacheNameOf({ cacheUri, why, image }: Reference): string | undefined {
  const name = cacheUri ?? (why === "already-cached" ? image : undefined);
  // The name depends on a variable.
  return name?.includes("$") ? undefined : name;
}

/** The targets that files name. A problem with a file is reported, and the other files are still read. */
function targetsOf(
  session: Session,
  paths: readonly string[],
  { environment, regions, environments }: RegionsContext,
): RegionalTarget[] {
  const places = regions.map((region) => {
    const context = targetContext(environment, region, environments);
    return { region, context, rewriter: new FileRewriter(context.cache) };
  });
  const targets: RegionalTarget[] = [];
  const counts = { found: 0, others: 0 };
  const notAllowed = new Set<string>();
  for (const found of findFiles(paths, (name) => places[0]!.rewriter.isCandidate(name))) {
    const results = places.map((place) => ({ ...place, result: place.rewriter.rewrite(found) }));
    const first = results[0]!.result;
    if (first.problem !== undefined) {
      session.exitCode = 2;
      session.stderr.write(`ecr-cache: ${placeIn(found.path, first.place)}: ${first.problem}\n`);
      continue;
    }
    for (const [index, { image, why, reason }] of first.references.entries()) {
      if (why === "not-allowed") notAllowed.add(`${image}: left alone: ${reason}`);
      const named = results.flatMap(({ region, context, result }) => {
        if (result.problem !== undefined) return [];
        const name = cacheNameOf(result.references[index]!);
        const target = name === undefined ? undefined : tryTarget(name, context);
        return target ? [{ ...target, image, region }] : [];
      });
      targets.push(...named);
      if (named.length > 0) counts.found += 1;
      else counts.others += 1;
    }
  }
  for (const line of notAllowed) session.stderr.write(`${line}\n`);
  const { found, others } = counts;
  session.stderr.write(
    `${count(found, "reference")} to images of the cache found in files${others > 0 ? `, ${count(others, "other")} left alone` : ""}.\n`,
  );
  return targets;
}

/** Undefined where the name is another environment's, or none. */
function tryTarget(name: string, context: TargetContext): Target | undefined {
  try {
    return findTarget(name, context);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * What is to be pulled, each image once in each region, region by region. Images, in arguments or in the list, that the
 * cache does not have are reported.
 *
 * @throws UserError with a line for each image, if the cache has none.
 */
export async function collectTargets(
  session: Session,
  context: RegionsContext,
  { images, file, paths }: WarmSources,
): Promise<RegionalTarget[]> {
  const listed = file === undefined ? [] : linesOf(await readList(session, file));
  const { targets: named, problems } = findTargets([...images, ...listed], context);
  const targets = [...named, ...(paths.length > 0 ? targetsOf(session, paths, context) : [])];
  reportBadNames(session, problems, targets.length === 0);
  const { regions } = context;
  return distinctTargets(targets).sort(
    (one, other) => regions.indexOf(one.region) - regions.indexOf(other.region),
  );
}
