import { type Cache, cacheAt, cacheOf, repositoryOf } from "../../ecr/cache-uri";
import { readImageReference } from "../../ecr/image-reference";
import { UserError } from "../../ecr/user-error";
import { BuiltImages } from "../../rewrite/built-images";
import { readImageText } from "../../rewrite/image-text";
import {
  addBuilt,
  applyEdits,
  leaveBuilt,
  orderEdits,
  type Reference,
} from "../../rewrite/reference";
import { findEnvironment, findRegion, loadEnvironments } from "../shell/context";
import { Exclusions } from "../shell/exclusions";
import { FileRewriter } from "../shell/rewrite-file";
import { rewriteFound } from "../shell/rewrite-files";
import { writePage } from "../shell/html-page";
import type { ExitCode, Session, Sink } from "../shell/session";
import { type FileIdentity, readTextFile, replaceTextFile } from "../shell/text-file";
import { githubPrinter, gitlabPrinter, sarifPrinter } from "./annotations";
import { PagePrinter } from "./page";
import { diffPrinter, jsonPrinter, listPrinter, type Printer } from "./printers";
import type { RewriteOptions } from "./options";
import { Report } from "./report";

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

/** The cache that the options name. @throws UserError if they name none. */
export async function cacheFor({ env, region, registry }: RewriteOptions): Promise<Cache> {
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
export function imagePaths(options: readonly string[]): { kind: string; path: string }[] {
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
function readFiles(
  paths: readonly string[],
  rewriter: FileRewriter,
  exclusions: Exclusions,
  report: Report,
) {
  const files: ReadFile[] = [];
  const built = new BuiltImages();
  for (const { path: file, result } of rewriteFound(paths, rewriter, exclusions)) {
    if (result.problem !== undefined) {
      report.problem(file, result.problem, result.kind, result.place);
      continue;
    }
    const { references, identity } = result;
    addBuilt(built, result.built);
    if (references.length > 0) files.push({ file, references, identity });
    else report.file(file, references);
  }
  return { files, built };
}

/** Whether only names are printed, for which no text is needed. */
function isList({ json, format, check }: RewriteOptions): boolean {
  return (json ?? check) === true || format !== undefined;
}

function printerOf(
  { json, format, write, check }: RewriteOptions,
  session: Session,
  stdout: Sink,
): Printer {
  switch (format) {
    case "github":
      return githubPrinter(session.stdout, process.env.GITHUB_STEP_SUMMARY);
    case "gitlab":
      return gitlabPrinter(stdout);
    case "sarif":
      return sarifPrinter(stdout);
    case undefined:
      if (json) return jsonPrinter(stdout);
      return write || check ? listPrinter(stdout) : diffPrinter(stdout);
  }
}

/** Rewrites files, or shows what would be rewritten. */
export async function rewriteFiles(
  paths: readonly string[],
  options: RewriteOptions,
  session: Session,
): Promise<void> {
  const cache = await cacheFor(options);
  const rewriter = new FileRewriter(
    cache,
    imagePaths(options.imagePath),
    options.assumeOfficial,
    options.includeSource,
  );
  const write = options.write === true;
  const exclusions = new Exclusions(options.exclude);
  const page = options.report === undefined ? undefined : new PagePrinter();
  const report = new Report(session, {
    printers: (stdout) => [printerOf(options, session, stdout), ...(page ? [page] : [])],
    writes: write,
    repositoryOf: (image) => {
      const read = readImageText(image);
      return read.why === undefined ? repositoryOf(read.name, cache) : undefined;
    },
    verbose: options.verbose === true,
  });
  // Nothing is decided, and nothing is written, before all files are known: any may say what is built.
  const { files, built } = readFiles(paths, rewriter, exclusions, report);
  for (const { file, references: all, identity } of files) {
    const references = leaveBuilt(all, built);
    const edits = orderEdits(references.flatMap((reference) => reference.edits));
    const needsText = edits.length > 0 && (write || page !== undefined || !isList(options));
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
  if (page && options.report !== undefined) {
    await writePage("--report", options.report, page.page(cache.host));
  }
  session.exitCode = exitCodeOf(report, options);
}

function exitCodeOf(report: Report, { check, strict }: RewriteOptions): ExitCode {
  if (report.hasFailed) return 2;
  if (report.hasFailedWrites || (check && report.hasChanges)) return 1;
  // A check that passes has looked at all that names images for sure; with --strict at all that may.
  if (check && report.has("expected")) return 2;
  return strict && report.has("inaccessible", "expected", "invalid") ? 2 : 0;
}
