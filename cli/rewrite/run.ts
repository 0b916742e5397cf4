import { type Cache, cacheAt, cacheOf } from "../../ecr/cache-uri";
import { readImageReference } from "../../ecr/image-reference";
import { UserError } from "../../ecr/user-error";
import { applyEdits, type Reference } from "../../rewrite/reference";
import { findEnvironment, findRegion, loadEnvironments } from "../shell/context";
import { findFiles } from "../shell/find-files";
import { type FileChange, FileRewriter } from "../shell/rewrite-file";
import { Report } from "./report";
import type { Session } from "../shell/session";
import { readTextFile, replaceTextFile } from "../shell/text-file";

/** The options of `ecr-cache rewrite`. */
export interface RewriteOptions {
  readonly env?: string;
  readonly region?: string;
  readonly registry?: string;
  readonly write?: true;
  readonly check?: true;
  readonly json?: true;
  readonly imagePath: readonly string[];
  readonly assumeOfficial: readonly string[];
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
    throw new UserError("rewrite needs --env or --registry, or both");
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

/** A change that is still to be written. Its text is not kept: of all files together it may be large. */
type PendingChange = Omit<FileChange, "before"> & {
  readonly file: string;
  readonly references: readonly Reference[];
};

/** @returns What went wrong; the file is as it was then. */
function writeChange({ file, edits, identity }: PendingChange): string | undefined {
  const read = readTextFile(file);
  return "problem" in read
    ? read.problem
    : replaceTextFile(file, applyEdits(read.file.text, edits), identity);
}

/** Rewrites files, or shows what would be rewritten. */
export async function rewriteFiles(
  paths: readonly string[],
  options: RewriteOptions,
  session: Session,
): Promise<void> {
  const rewriter = new FileRewriter(
    await cacheFor(options),
    imagePaths(options.imagePath),
    options.assumeOfficial,
  );
  const write = options.write === true;
  const lists = write || options.check === true;
  const report = new Report(session, options.json ? "json" : lists ? "list" : "diff", write);
  // Nothing is written before the changes of all files are known.
  const pending: PendingChange[] = [];
  for (const found of findFiles(paths, (name) => rewriter.isCandidate(name))) {
    const { path: file } = found;
    const result = rewriter.rewrite(found);
    if (result.problem !== undefined) {
      report.problem(file, result.problem, result.place);
    } else if (write && result.change) {
      const { edits, identity } = result.change;
      pending.push({ file, references: result.references, edits, identity });
    } else {
      report.file(file, result.references, result.change);
    }
  }
  for (const change of pending) {
    const problem = writeChange(change);
    if (problem === undefined) report.file(change.file, change.references, change);
    else report.writeProblem(change.file, problem);
  }
  report.end();
  if (report.hasFailed) session.exitCode = 2;
  else if (report.hasFailedWrites) session.exitCode = 1;
  else if (options.check && report.hasChanges) session.exitCode = 1;
}
