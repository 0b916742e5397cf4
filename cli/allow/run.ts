import { type Cache, cacheOf, repositoryOf } from "../../ecr/cache-uri";
import type { Rule } from "../../ecr/environment";
import { allowedRepositories, isAllowed } from "../../ecr/only";
import { wildcard } from "../../ecr/pattern";
import { ROOT } from "../../ecr/prefix";
import { BuiltImages } from "../../rewrite/built-images";
import { readImageText } from "../../rewrite/image-text";
import { addBuilt, leaveBuilt, type Reference } from "../../rewrite/reference";
import type { EnvironmentContext } from "../shell/context";
import { Exclusions } from "../shell/exclusions";
import { count, printJson } from "../shell/output";
import { FileRewriter, placeIn } from "../shell/rewrite-file";
import { rewriteFound } from "../shell/rewrite-files";
import type { Session } from "../shell/session";
import type { AllowJson } from "./json";

export interface AllowRequest {
  readonly paths: readonly string[];
  /** Patterns of files that are left alone. */
  readonly exclude: readonly string[];
  readonly json: boolean;
}

/** Every image that files name, without those that they build. A file that can't be read is reported. */
function imagesIn(session: Session, cache: Cache, { paths, exclude }: AllowRequest): Reference[] {
  const rewriter = new FileRewriter(cache);
  const built = new BuiltImages();
  const references: Reference[] = [];
  for (const { path, result } of rewriteFound(paths, rewriter, new Exclusions(exclude))) {
    if (result.problem !== undefined) {
      session.exitCode = 2;
      session.stderr.write(`ecr-cache: ${placeIn(path, result.place)}: ${result.problem}\n`);
      continue;
    }
    addBuilt(built, result.built);
    references.push(...result.references);
  }
  return leaveBuilt(references, built);
}

/** Why a reference may be of an image that is pulled from the cache. */
function isPulled({ cacheUri, why }: Reference): boolean {
  return cacheUri !== null || why === "not-allowed" || why === "already-cached";
}

/** The repositories that images are in, below the prefix of their rule, by prefix. */
function repositoriesOf(references: readonly Reference[], cache: Cache): Map<string, Set<string>> {
  const byPrefix = new Map<string, Set<string>>();
  for (const image of new Set(references.filter(isPulled).map((reference) => reference.image))) {
    const read = readImageText(image);
    // The repository depends on a variable.
    if (read.why !== undefined || read.name.includes("$")) continue;
    const { rule, name } = repositoryOf(read.name, cache) ?? {};
    if (!rule || name === undefined) continue;
    byPrefix.set(rule.prefix, (byPrefix.get(rule.prefix) ?? new Set()).add(name));
  }
  return byPrefix;
}

function listOf(rule: Rule, names: readonly string[]): AllowJson {
  const repositories = names.map((name) =>
    rule.prefix === ROOT ? name : `${rule.prefix}/${name}`,
  );
  const isUsed = (pattern: string) =>
    repositories.some((repository) => wildcard(pattern).test(repository));
  const patterns = allowedRepositories(rule);
  return {
    prefix: rule.prefix,
    only: [...names],
    notAllowed: names.filter((_, index) => !isAllowed(rule, repositories[index]!)),
    unused: (rule.only ?? []).filter((_, index) => !isUsed(patterns[index]!)),
  };
}

const inQuotes = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

/** Prints the lists of `only` that a code base needs. */
export function runAllow(
  session: Session,
  { environment, region, environments }: EnvironmentContext,
  request: AllowRequest,
): void {
  const cache = cacheOf(environment, region, environments);
  const repositories = repositoriesOf(imagesIn(session, cache, request), cache);
  const lists = environment.rules.map((rule) =>
    listOf(rule, [...(repositories.get(rule.prefix) ?? [])].sort()),
  );
  if (request.json) {
    printJson(session, lists);
    return;
  }
  for (const { prefix, only, notAllowed, unused } of lists) {
    if (only.length > 0) session.stdout.write(`// ${prefix}\nonly: [${inQuotes(only)}],\n`);
    if (notAllowed.length > 0) {
      session.stderr.write(`${prefix}: not allowed now: ${inQuotes(notAllowed)}\n`);
    }
    if (unused.length > 0) session.stderr.write(`${prefix}: not needed: ${inQuotes(unused)}\n`);
  }
  const total = lists.reduce((sum, { only }) => sum + only.length, 0);
  session.stderr.write(
    `${count(total, "repository", "repositories")} of environment ${environment.name} named in files.\n`,
  );
}
