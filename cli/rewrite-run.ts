import path from "node:path";
import { type Cache, cacheAt, cacheOf } from "../ecr/cache-uri";
import { readImageReference } from "../ecr/image-reference";
import { UserError } from "../ecr/user-error";
import { Mapper } from "../rewrite/reference";
import { Rewriter } from "../rewrite/rewrite";
import { findEnvironment, findRegion, loadEnvironments } from "./context";
import { findFiles, type FoundFile } from "./files";
import type { RewriteOptions } from "./rewrite";
import { Report } from "./rewrite-report";
import type { Session } from "./session";
import { readTextFile, replaceTextFile } from "./text-file";

/**
 * The host of `--registry`: a URL or a host.
 *
 * @throws UserError if it is none.
 */
function registryOf(url: string): string {
  const host = url.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const { reference } = readImageReference(`${host}/x`);
  if (reference?.domain === host) return host;
  throw new UserError(
    `--registry: found "${url}"; allowed: a registry's host, such as 111111111111.dkr.ecr.us-east-1.amazonaws.com`,
  );
}

async function cacheFor({ env, region, registry }: RewriteOptions): Promise<Cache> {
  if (env === undefined && registry === undefined) {
    throw new UserError("found neither --env nor --registry; allowed: one of them, or both");
  }
  const environments = await loadEnvironments();
  const environment = env === undefined ? undefined : findEnvironment(environments, env);
  if (registry !== undefined) {
    return cacheAt(registryOf(registry), environment?.rules, environments);
  }
  return cacheOf(environment!, findRegion(environment!, region), environments);
}

/** @throws UserError for an `--image-path` that is not `KIND=PATH`. */
function imagePaths(options: readonly string[]): { kind: string; path: string }[] {
  return options.map((option) => {
    const [, kind, at] = /^([A-Za-z]\w*)=([^.\s][^\s]*)$/.exec(option) ?? [];
    if (kind !== undefined && at !== undefined) return { kind, path: at };
    throw new UserError(
      `--image-path: found "${option}"; allowed: KIND=PATH, such as Prometheus=spec.image or Task=spec.steps.[].image`,
    );
  });
}

/** Lets formats look into other files, such as the Dockerfile of a Compose service. */
function readerBeside(file: string): (relative: string) => string | undefined {
  return (relative) => {
    const result = readTextFile(path.resolve(path.dirname(file), relative));
    return "file" in result ? result.file.text : undefined;
  };
}

/** Rewrites one file; what comes of it is in the report. */
function rewriteFile(found: FoundFile, rewriter: Rewriter, report: Report, write: boolean): void {
  if (found.problem !== undefined) {
    report.problem(found.path, found.problem);
    return;
  }
  const read = readTextFile(found.path);
  if ("problem" in read) {
    report.problem(found.path, read.problem);
    return;
  }
  const { text, stats } = read.file;
  const surroundings = { path: found.repositoryPath, readFile: readerBeside(found.path) };
  const result = rewriter.rewrite(text, surroundings, found.isNamed);
  if (result.problem) {
    report.problem(found.path, result.problem.reason, result.problem);
    return;
  }
  if (write && result.text !== text) {
    const problem = replaceTextFile(found.path, result.text, stats);
    if (problem !== undefined) {
      report.writeProblem(found.path, problem);
      return;
    }
  }
  report.file(found.path, result.references, text, result.text);
}

/** Rewrites files, or shows what would be rewritten. */
export async function rewriteFiles(
  paths: readonly string[],
  options: RewriteOptions,
  session: Session,
): Promise<void> {
  const cache = await cacheFor(options);
  const rewriter = new Rewriter({
    mapper: new Mapper(cache),
    imagePaths: imagePaths(options.imagePath),
  });
  const lists = options.write === true || options.check === true;
  const output = options.json ? "json" : lists ? "list" : "diff";
  const write = options.write === true;
  const report = new Report(session, output, write);
  for (const found of findFiles(paths, (name) => rewriter.isCandidate(name))) {
    rewriteFile(found, rewriter, report, write);
  }
  report.end();
  if (report.hasFailed) session.exitCode = 2;
  else if (report.hasFailedWrites) session.exitCode = 1;
  else if (options.check && report.hasChanges) session.exitCode = 1;
}
