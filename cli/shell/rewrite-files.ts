import type { Exclusions } from "./exclusions";
import { findFiles } from "./find-files";
import type { FileRewriter, RewriteResult } from "./rewrite-file";

/** A file that may name images, and what is rewritten in it. */
export interface RewrittenFile {
  readonly path: string;
  readonly result: RewriteResult;
}

/** Rewrites every file that may name images, one after the other, but for those that are excluded. Nothing is written. */
export function* rewriteFound(
  paths: readonly string[],
  rewriter: FileRewriter,
  exclusions: Exclusions,
): Generator<RewrittenFile> {
  const found = findFiles(
    paths,
    (name) => rewriter.mayBeText(name),
    (name) => rewriter.isCandidate(name),
  );
  for (const file of found) {
    const { path } = file;
    if (file.problem === undefined && exclusions.isExcluded(path, file.repositoryPath)) continue;
    yield { path, result: rewriter.rewrite(file) };
  }
}
