import { type Cache, cacheAt, cacheOf } from "../../ecr/cache-uri";
import { readImageReference } from "../../ecr/image-reference";
import { UserError } from "../../ecr/user-error";
import { BuiltImages } from "../../rewrite/built-images";
import {
  addBuilt,
  applyEdits,
  leaveBuilt,
  orderEdits,
  type Reference,
} from "../../rewrite/reference";
import { findEnvironment, findRegion, loadEnvironments } from "../shell/context";
import { findFiles } from "../shell/find-files";
import { FileRewriter } from "../shell/rewrite-file";
import { Report } from "./report";
import type { Session } from "../shell/session";
import { type FileIdentity, readTextFile, replaceTextFile } from "../shell/text-file";

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

/** What a file names. Its text is not kept: of all files together it may be large. */
interface ReadFile {
  readonly file: string;
  readonly references: readonly Reference[];
  readonly identity?: FileIdentity;
}

/** Reads every file, and reports those that can't be read. @returns Those that name images, and what is built in them. */
function readFiles(paths: readonly string[], rewriter: FileRewriter, report: Report) {
  const files: ReadFile[] = [];
  const built = new BuiltImages();
  const found = findFiles(
    paths,
    (name) => rewriter.mayBeText(name),
    (name) => rewriter.isCandidate(name),
  );
  for (const one of found) {
    const { path: file } = one;
    const result = rewriter.rewrite(one);
    if (result.problem !== undefined) {
      report.problem(file, result.problem, result.place);
      continue;
    }
    const { references, identity } = result;
    addBuilt(built, result.built);
    if (references.length > 0) files.push({ file, references, identity });
    else report.file(file, references);
  }
  return { files, built };
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
  const output = options.json ? "json" : lists ? "list" : "diff";
  const report = new Report(session, output, write);
  // Nothing is decided, and nothing is written, before all files are known: any may say what is built.
  const { files, built } = readFiles(paths, rewriter, report);
  for (const { file, references: all, identity } of files) {
    const references = leaveBuilt(all, built);
    const edits = orderEdits(references.flatMap((reference) => reference.edits));
    const needsText = edits.length > 0 && (write || output === "diff");
    const read = needsText ? readTextFile(file) : undefined;
    const problem =
      read && "problem" in read
        ? read.problem
        : read && write && identity
          ? replaceTextFile(file, applyEdits(read.file.text, edits), identity)
          : undefined;
    if (problem !== undefined) report.writeProblem(file, problem);
    else {
      const before = read && "file" in read ? read.file.text : undefined;
      report.file(file, references, edits.length > 0 ? { edits, before } : undefined);
    }
  }
  report.end();
  if (report.hasFailed) session.exitCode = 2;
  else if (report.hasFailedWrites) session.exitCode = 1;
  else if (options.check && report.hasChanges) session.exitCode = 1;
}
