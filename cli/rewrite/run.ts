import { type Cache, cacheAt, cacheOf } from "../../ecr/cache-uri";
import { readImageReference } from "../../ecr/image-reference";
import { UserError } from "../../ecr/user-error";
import { findEnvironment, findRegion, loadEnvironments } from "../shell/context";
import { findFiles } from "../shell/find-files";
import { FileRewriter, type RewriteResult } from "../shell/rewrite-file";
import { Report } from "./report";
import type { Session } from "../shell/session";
import { replaceTextFile } from "../shell/text-file";

/** The options of `ecr-cache rewrite`. */
export interface RewriteOptions {
  readonly env?: string;
  readonly region?: string;
  readonly registry?: string;
  readonly write?: true;
  readonly check?: true;
  readonly json?: true;
  readonly imagePath: readonly string[];
}

/**
 * The host of `--registry`: a URL or a host.
 *
 * @throws UserError if it is not a host.
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

/** Reports the result for a file, and writes it if that is wanted. */
function conclude(file: string, result: RewriteResult, report: Report, write: boolean): void {
  if (result.problem !== undefined) {
    report.problem(file, result.problem, result.place);
    return;
  }
  const { references, change } = result;
  const problem =
    write && change ? replaceTextFile(file, change.after, change.identity) : undefined;
  if (problem === undefined) report.file(file, references, change);
  else report.writeProblem(file, problem);
}

/** Rewrites files, or shows what would be rewritten. */
export async function rewriteFiles(
  paths: readonly string[],
  options: RewriteOptions,
  session: Session,
): Promise<void> {
  const rewriter = new FileRewriter(await cacheFor(options), imagePaths(options.imagePath));
  const write = options.write === true;
  const lists = write || options.check === true;
  const report = new Report(session, options.json ? "json" : lists ? "list" : "diff", write);
  for (const found of findFiles(paths, (name) => rewriter.isCandidate(name))) {
    conclude(found.path, rewriter.rewrite(found), report, write);
  }
  report.end();
  if (report.hasFailed) session.exitCode = 2;
  else if (report.hasFailedWrites) session.exitCode = 1;
  else if (options.check && report.hasChanges) session.exitCode = 1;
}
