import {
  DescribeRepositoriesCommand,
  type ECRClient,
  GetLifecyclePolicyCommand,
  paginateDescribeRepositories,
  type Repository,
} from "@aws-sdk/client-ecr";
import type { ExistingPolicies } from "../ecr/existing-policies";
import type { DeclaredPrefixes } from "../ecr/environment/declared-prefixes";
import { MARKER_TAG } from "../ecr/marker";
import { type Applied, NO_POLICY, parseApplied } from "../registry/applied";
import { isException } from "../registry/aws/errors";
import { mapAll } from "../registry/aws/map-concurrently";
import { repositoryPolicyText, resourceTags } from "../registry/existing";
import { normalLifecyclePolicy } from "../registry/policies/meaning";
import {
  areImagesProvenOurs,
  type Evidence,
  isProvenOurs,
  NOT_PROVEN,
  ownershipOf,
  ownPrefixOf,
  whyImagesStay,
} from "../registry/ownership";
import { addCounts, type Counts, countsOf, NO_COUNTS } from "./counts";
import { addPruned, NOTHING_PRUNED, type PruneCounts, pruneImages, type PruneRun } from "./prune";
import { type Change, type Observed, type Plan, planRepository, planTags, type Step } from "./plan";
import { governingTemplate, readRegistry, type Registry, type Template } from "./registry";

export type { Change } from "./plan";

/** The most that ECR puts on one page of `DescribeRepositories`. */
const PAGE_SIZE = 1_000;

/** Repositories in work at a time, if nothing else is said. */
const DEFAULT_CONCURRENCY = 10;

/** Where a run stopped: the page of repositories it was on, and the last name on it that is done. */
export interface Cursor {
  /** ECR's token for the page; absent for the first one. */
  readonly page?: string;
  /** Names up to this one, in the order of their characters, are done. */
  readonly after?: string;
}

/** What was found and done about one repository. */
export interface RepositoryReport {
  readonly repository: string;
  /** What was changed; in a dry run, what would be. Empty for a repository that is in order. */
  readonly changes: readonly Change[];
  /** What was left as it is although the template says otherwise, and why. */
  readonly kept: readonly string[];
  /** What ECR refused, as `aspect: name: message`. */
  readonly failures: readonly string[];
  /** What was deleted of its images; absent where nothing is to be pruned. */
  readonly pruned?: PruneCounts;
}

export interface ReconcileResult extends Counts {
  /** The repositories that are not in order, or were not, sorted by name. */
  readonly repositories: readonly RepositoryReport[];
  /**
   * What was deleted of the images; those that stay are of the repositories that `examined` counts. Absent where nothing is
   * to be pruned.
   */
  readonly pruned?: PruneCounts;
  /** Where to go on; absent if the run came to the end. */
  readonly cursor?: Cursor;
}

export interface ReconcileOptions {
  /** The environment's prefixes and those of others. Nothing outside its own is ever read or changed. */
  readonly prefixes: DeclaredPrefixes;
  /**
   * What becomes of policies that somebody set by hand: of lifecycle policies, and of repository policies where the
   * template has none. Default: `keep`.
   */
  readonly existingPolicies?: ExistingPolicies;
  /** Whether nothing is to be changed, only reported. Default: false. */
  readonly dryRun?: boolean;
  /**
   * Whether a repository policy is read even where a lifecycle policy is read too and the repository's marker vouches for
   * it. It finds repository policies that were changed by hand, and costs a third read for each repository. Default:
   * false, except for a single repository.
   */
  readonly thorough?: boolean;
}

export interface RunOptions extends ReconcileOptions {
  /** How many repositories are in work at a time. Default: 10. */
  readonly concurrency?: number;
  /** Where an earlier run stopped. */
  readonly cursor?: Cursor;
  /** What is deleted of the images of repositories that are proven to be the cache's. Default: nothing. */
  readonly prune?: PruneRun;
  /**
   * Asked before each repository, and between the calls that delete images; true ends the run when those in work are done.
   * Default: never.
   */
  readonly shouldStop?: () => boolean;
  /** Told of each repository that is not in order, or was not, as soon as it is dealt with. */
  readonly onReport?: (report: RepositoryReport) => void;
}

async function orNull<Result>(
  read: Promise<Result>,
  exception: string,
): Promise<Result | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isException(error, exception)) return undefined;
    throw error;
  }
}

async function readLifecyclePolicy(ecr: ECRClient, repositoryName: string): Promise<string | null> {
  const answer = await orNull(
    ecr.send(new GetLifecyclePolicyCommand({ repositoryName })),
    "LifecyclePolicyNotFoundException",
  );
  return answer?.lifecyclePolicyText ?? null;
}

/**
 * Reads what the template has a say in, in two calls for a repository that is in order: the tags with the marker, and
 * one policy. Where the template has a lifecycle policy, that is the one, and the marker vouches for the repository
 * policy, or for there being none.
 */
async function observe(
  ecr: ECRClient,
  template: Template,
  known: Pick<Observed, "repository" | "tags">,
  { thorough = false, existingPolicies }: ReconcileOptions,
): Promise<Observed> {
  const { repository, tags } = known;
  const name = repository.repositoryName ?? "";
  const marker = parseApplied(tags.get(MARKER_TAG));
  const hasLifecycle =
    template.lifecyclePolicy !== undefined ||
    marker.lifecyclePolicy !== undefined ||
    existingPolicies === "replace";
  const isVouchedFor =
    hasLifecycle &&
    marker.repositoryPolicy === (template.repositoryPolicy?.fingerprint ?? NO_POLICY);
  return {
    ...known,
    ...(hasLifecycle && { lifecyclePolicy: await readLifecyclePolicy(ecr, name) }),
    ...((thorough || !isVouchedFor) && { repositoryPolicy: await repositoryPolicyText(ecr, name) }),
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

const MARKED = {
  "lifecycle policy": "lifecyclePolicy",
  "repository policy": "repositoryPolicy",
} as const satisfies Partial<Record<Step["aspect"], keyof Applied>>;

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Carries out the steps independently: one that ECR refuses does not prevent the others. */
async function carryOut(
  ecr: ECRClient,
  template: Template,
  observed: Observed,
  plan: Plan,
  dryRun: boolean,
): Promise<Pick<RepositoryReport, "changes" | "failures">> {
  const changes: Change[] = [];
  const failures: string[] = [];
  const marker = parseApplied(observed.tags.get(MARKER_TAG));
  const applied: Writable<Applied> = { ...plan.applied };

  const make = async (step: Step): Promise<boolean> => {
    const { aspect, reason } = step;
    try {
      if (!dryRun) await step.apply(ecr);
      changes.push({ aspect, reason });
      return true;
    } catch (error) {
      // A repository that somebody deletes meanwhile is no failure.
      if (isException(error, "RepositoryNotFoundException")) throw error;
      failures.push(`${aspect}: ${describe(error)}`);
      return false;
    }
  };
  for (const step of plan.steps) {
    if (await make(step)) continue;
    // The marker says what is there, not what should have been.
    if (step.aspect in MARKED) {
      const field = MARKED[step.aspect as keyof typeof MARKED];
      if (marker[field] === undefined) delete applied[field];
      else applied[field] = marker[field];
    }
  }
  for (const step of planTags(template, observed, applied)) await make(step);
  return { changes, failures };
}

interface Owned {
  readonly repository: Repository;
  readonly prefix: string;
}

/** A repository that was dealt with. */
interface Done {
  readonly report: RepositoryReport;
  /** Whether there is no time left for the rest of its images. */
  readonly isUnfinished: boolean;
}

/** What is done with a repository besides what it has in common with the others. */
interface OwnedOptions extends ReconcileOptions, Pick<Evidence, "importedAt"> {
  readonly prune?: PruneRun;
  readonly shouldStop?: () => boolean;
}

async function reconcileOwned(
  ecr: ECRClient,
  registry: Registry,
  { repository, prefix }: Owned,
  options: OwnedOptions,
): Promise<Done> {
  const name = repository.repositoryName ?? "";
  const done = (part: Partial<RepositoryReport>, isUnfinished = false): Done => ({
    report: { repository: name, changes: [], kept: [], failures: [], ...part },
    isUnfinished,
  });
  try {
    const template = governingTemplate(registry, name);
    if (!template) return done({ kept: ["no creation template covers it"] });
    const tags = await resourceTags(ecr, repository.repositoryArn ?? "");
    const evidence: Evidence = {
      templateTags: template.tags,
      createdAt: repository.createdAt,
      importedAt: options.importedAt,
    };
    if (!(await isProvenOurs(prefix, () => Promise.resolve(tags), evidence))) {
      return done({ kept: [NOT_PROVEN] });
    }
    const observed = await observe(ecr, template, { repository, tags }, options);
    const isOrigin = await areImagesProvenOurs(
      prefix,
      tags,
      () => Promise.resolve(hasPolicyOf(template, observed)),
      evidence,
    );
    const known: Observed = { ...observed, ...(isOrigin && { origin: "cache" }) };
    const plan = planRepository(template, known, options.existingPolicies ?? "keep");
    const outcome = await carryOut(ecr, template, known, plan, options.dryRun ?? false);
    if (!options.prune) return done({ kept: plan.kept, ...outcome });
    if (!isOrigin) {
      return done({ ...outcome, kept: [...plan.kept, `images: ${whyImagesStay(prefix)}`] });
    }
    const images = await pruneImages(ecr, name, options.prune, options.shouldStop);
    const failures = [...outcome.failures, ...images.failures];
    const { changes } = outcome;
    const { pruned, isUnfinished } = images;
    return done({ kept: plan.kept, changes, failures, pruned }, isUnfinished);
  } catch (error) {
    if (isException(error, "RepositoryNotFoundException")) return done({});
    return done({ failures: [describe(error)] });
  }
}

/** Whether a repository was found with its template's lifecycle policy. */
function hasPolicyOf(
  { lifecyclePolicy: wanted }: Template,
  { lifecyclePolicy }: Observed,
): boolean {
  return (
    wanted !== undefined &&
    typeof lifecyclePolicy === "string" &&
    normalLifecyclePolicy(lifecyclePolicy) === wanted.normalForm
  );
}

/**
 * Makes one repository follow its template; for the event of a pull. All that the template has a say in is read.
 *
 * @param importedAt When ECR reported that it imported an image into the repository.
 * @returns Undefined if there is no such repository, or it is under no owned prefix.
 */
export async function reconcileRepository(
  ecr: ECRClient,
  repositoryName: string,
  options: ReconcileOptions,
  importedAt: Date,
  registry?: Registry,
): Promise<RepositoryReport | undefined> {
  const known = registry ?? (await readRegistry(ecr));
  const prefix = ownPrefixOf(ownershipOf(options.prefixes, known.rulePrefixes), repositoryName);
  if (prefix === undefined) return undefined;
  const answer = await orNull(
    ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] })),
    "RepositoryNotFoundException",
  );
  const repository = answer?.repositories?.[0];
  if (!repository) return undefined;
  const { report } = await reconcileOwned(
    ecr,
    known,
    { repository, prefix },
    { thorough: true, ...options, importedAt },
  );
  return report;
}

interface Page {
  readonly repositories: readonly Repository[];
  /** ECR's token for the next page; absent for the last one. */
  readonly nextToken?: string | undefined;
  /** Where the page is. */
  readonly cursor: Cursor;
}

/** The pages from a cursor on; from the first one if ECR does not know the cursor's token any more. */
async function* pagesFrom(client: ECRClient, from: Cursor): AsyncGenerator<Page> {
  let cursor = from;
  const configuration = { client, pageSize: PAGE_SIZE, startingToken: from.page };
  try {
    for await (const { repositories = [], nextToken } of paginateDescribeRepositories(
      configuration,
      {},
    )) {
      yield { repositories, nextToken, cursor };
      cursor = { page: nextToken };
    }
  } catch (error) {
    const isTokenUnknown = isException(error, "InvalidParameterException") && cursor === from;
    if (from.page === undefined || !isTokenUnknown) throw error;
    yield* pagesFrom(client, {});
  }
}

/**
 * Makes all repositories under the owned prefixes follow their templates.
 *
 * It may be ended at any point, also by killing the process, and started again: a repository that is in order costs two
 * reads and nothing else, and one that is half done is finished.
 *
 * @throws If ECR does not list templates, rules or repositories. What happens to a single repository is in the result.
 */
export async function reconcileAll(ecr: ECRClient, options: RunOptions): Promise<ReconcileResult> {
  const { concurrency = DEFAULT_CONCURRENCY, shouldStop = () => false, onReport } = options;
  const registry = await readRegistry(ecr);
  const ownership = ownershipOf(options.prefixes, registry.rulePrefixes);
  const reports: RepositoryReport[] = [];
  let counts = NO_COUNTS;
  let pruned = NOTHING_PRUNED;

  const result = (cursor?: Cursor): ReconcileResult => ({
    ...counts,
    ...(options.prune && { pruned }),
    repositories: reports.sort((a, b) => (a.repository < b.repository ? -1 : 1)),
    ...(cursor && { cursor }),
  });

  let isStopped = false;
  for await (const { repositories, nextToken, cursor } of pagesFrom(ecr, options.cursor ?? {})) {
    const { after = "" } = cursor;
    const names = repositories
      .filter(({ repositoryName = "" }) => repositoryName > after)
      .sort((a, b) => ((a.repositoryName ?? "") < (b.repositoryName ?? "") ? -1 : 1));
    const owned = names.flatMap((repository): Owned[] => {
      const prefix = ownPrefixOf(ownership, repository.repositoryName ?? "");
      return prefix === undefined ? [] : [{ repository, prefix }];
    });

    const all = await mapAll(owned, concurrency, async (one): Promise<Done | undefined> => {
      isStopped ||= shouldStop();
      if (isStopped) return undefined;
      const done = await reconcileOwned(ecr, registry, one, options);
      if (!isNoteworthy(done.report)) return done;
      reports.push(done.report);
      onReport?.(done.report);
      return done;
    });
    // Those after the first that is not finished are looked at again, and counted then.
    const open = all.findIndex((done) => done === undefined || done.isUnfinished);
    const taken = open === -1 ? owned.length : open;
    all.forEach((done, index) => {
      if (!done) return;
      const { report } = done;
      const { left, leftBytes, ...deleted } = report.pruned ?? NOTHING_PRUNED;
      if (index < taken) counts = addCounts(counts, countsOf(report));
      const stays = index < taken ? { left, leftBytes } : { left: 0, leftBytes: 0 };
      pruned = addPruned(pruned, { ...deleted, ...stays });
    });
    const isPageDone = open === -1;
    const last = isPageDone ? undefined : (owned[taken - 1]?.repository.repositoryName ?? after);
    const passed = names.filter(({ repositoryName = "" }) => repositoryName <= (last ?? "\uffff"));
    counts = addCounts(counts, { ...NO_COUNTS, foreign: passed.length - taken });
    if (last !== undefined) return result({ ...cursor, ...(last !== "" && { after: last }) });
    if (nextToken !== undefined && shouldStop()) return result({ page: nextToken });
  }
  return result();
}

/** Whether a repository is not in order, or was not. */
function isNoteworthy({ changes, kept, failures, pruned }: RepositoryReport): boolean {
  return changes.length + kept.length + failures.length + (pruned?.pruned ?? 0) > 0;
}
