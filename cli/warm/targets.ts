import { text } from "node:stream/consumers";
import { UserError } from "../../ecr/user-error";
import {
  findTarget,
  findTargets,
  type Target,
  type TargetContext,
  targetContext,
} from "../../registry/target";
import type { Reference } from "../../rewrite/reference";
import type { EnvironmentContext } from "../shell/context";
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
function targetsOf(session: Session, paths: readonly string[], context: TargetContext): Target[] {
  const rewriter = new FileRewriter(context.cache);
  const targets: Target[] = [];
  let others = 0;
  for (const found of findFiles(paths, (name) => rewriter.isCandidate(name))) {
    const result = rewriter.rewrite(found);
    if (result.problem !== undefined) {
      session.exitCode = 2;
      session.stderr.write(`ecr-cache: ${placeIn(found.path, result.place)}: ${result.problem}\n`);
      continue;
    }
    for (const reference of result.references) {
      const name = cacheNameOf(reference);
      const target = name === undefined ? undefined : tryTarget(name, context);
      if (target) targets.push({ ...target, image: reference.image });
      else others += 1;
    }
  }
  session.stderr.write(
    `${count(targets.length, "reference")} to images of the cache found in files${others > 0 ? `, ${count(others, "other")} left alone` : ""}.\n`,
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
 * What is to be pulled, each image once.
 *
 * @throws UserError with a line for each image, in arguments or in the list, that the cache does not have.
 */
export async function collectTargets(
  session: Session,
  { environment, region, environments }: EnvironmentContext,
  { images, file, paths }: WarmSources,
): Promise<Target[]> {
  const context = targetContext(environment, region, environments);
  const listed = file === undefined ? [] : linesOf(await readList(session, file));
  const targets = findTargets([...images, ...listed], context);
  if (paths.length > 0) targets.push(...targetsOf(session, paths, context));
  const distinct = new Map<string, Target>();
  for (const target of targets) {
    const { repository, tag, digest } = target;
    const key = `${repository}:${tag ?? (digest === undefined ? "latest" : "")}@${digest ?? ""}`;
    if (!distinct.has(key)) distinct.set(key, target);
  }
  return [...distinct.values()];
}
