import type { DeclaredPrefixes } from "../ecr/environment/declared-prefixes";
import { MARKER_TAG } from "../ecr/marker";
import { mostSpecificPrefix, normalizePrefix, ROOT } from "../ecr/prefix";
import { parseApplied } from "./applied";

/*
 * The one answer to whose a repository is, and what proves it: for the commands and for the Lambda.
 */

/** Which repositories of a registry are an environment's. */
export interface Ownership {
  /** The prefixes of the environment's own rules. */
  readonly own: readonly string[];
  /** Prefixes of others in the same registry. A repository belongs to the longest prefix that covers it. */
  readonly others: readonly string[];
}

/**
 * An environment's share of a registry.
 *
 * @param declared What the environments say of the registry, whether it is deployed or not.
 * @param rulePrefixes The prefixes of all rules that exist there.
 */
export function ownershipOf(
  declared: DeclaredPrefixes,
  rulePrefixes: readonly string[],
): Ownership {
  const own = declared.own.map(normalizePrefix);
  const others = [...declared.neighbours, ...rulePrefixes].map(normalizePrefix);
  return { own, others: [...new Set(others)].filter((prefix) => !own.includes(prefix)) };
}

/** The prefix that a repository belongs to, the environment's or another's; undefined if none covers it. */
export function owningPrefix({ own, others }: Ownership, repository: string): string | undefined {
  return mostSpecificPrefix([...own, ...others], repository);
}

/** The environment's prefix that a repository belongs to; undefined if it is not the environment's. */
export function ownPrefixOf(ownership: Ownership, repository: string): string | undefined {
  const prefix = owningPrefix(ownership, repository);
  return prefix !== undefined && ownership.own.includes(prefix) ? prefix : undefined;
}

/** Minutes after its creation in which the import that created a repository is reported. */
const CREATION_MINUTES = 5;

/** How far the clocks behind a repository's creation and an event may be apart, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** What may prove that the cache created a repository. */
export interface Evidence {
  /** The tags that the creation template gives to repositories. */
  readonly templateTags: ReadonlyMap<string, string>;
  readonly createdAt?: Date | undefined;
  /** When ECR reported that it imported an image into the repository; absent where no event did. */
  readonly importedAt?: Date | undefined;
  /** Whether its lifecycle policy is the template's. Absent where that was not looked at. */
  readonly hasTemplatePolicy?: boolean;
}

/**
 * Whether the cache created a repository. An import alone does not prove it: ECR also imports into repositories of a
 * prefix that existed before. It is proven by
 *
 * - a marker that says so;
 * - an import that ECR reported within minutes of the creation;
 * - all of the template's tags, or its lifecycle policy, on a repository without a marker: reconciling, which sets both on
 *   repositories of any origin, leaves a marker whenever it does.
 */
export function isCreatedByCache(
  tags: ReadonlyMap<string, string>,
  { templateTags, createdAt, importedAt, hasTemplatePolicy = false }: Evidence,
): boolean {
  const marker = tags.get(MARKER_TAG);
  if (parseApplied(marker).origin === "cache") return true;
  if (createdAt && importedAt) {
    const elapsed = importedAt.getTime() - createdAt.getTime();
    if (elapsed >= -CLOCK_SKEW_MS && elapsed <= CREATION_MINUTES * 60_000) return true;
  }
  const hasTemplateTags =
    templateTags.size > 0 && [...templateTags].every(([key, value]) => tags.get(key) === value);
  return marker === undefined && (hasTemplateTags || hasTemplatePolicy);
}

/**
 * Whether a repository under an own prefix is proven to be the cache's, for changes of its settings. `ROOT` covers every
 * repository of the registry that has no other rule, also those that no pull has created: these need a proof. Whatever
 * changes settings on its own initiative leaves the others alone; what is only listed, or named by a user, needs no proof.
 *
 * @param readTags Reads the repository's tags, where they matter.
 */
export async function isProvenOurs(
  prefix: string,
  readTags: () => Promise<ReadonlyMap<string, string>>,
  evidence: Evidence,
): Promise<boolean> {
  return prefix !== ROOT || isCreatedByCache(await readTags(), evidence);
}

/**
 * Whether a repository under an own prefix is proven to be the cache's, for the deletion of images. That takes a proof under
 * every prefix: somebody may have pushed images to a repository under it, which exist nowhere else.
 *
 * @param hasTemplatePolicy Reads whether the repository's lifecycle policy is the template's, where that matters.
 */
export async function areImagesProvenOurs(
  prefix: string,
  tags: ReadonlyMap<string, string>,
  hasTemplatePolicy: () => Promise<boolean>,
  evidence: Evidence,
): Promise<boolean> {
  if (isCreatedByCache(tags, evidence)) return true;
  // A policy such as "keep the last 10 images" is not rare enough to prove anything in the whole registry.
  if (prefix === ROOT || tags.has(MARKER_TAG)) return false;
  return isCreatedByCache(tags, { ...evidence, hasTemplatePolicy: await hasTemplatePolicy() });
}

/** Why a repository is left alone that is not proven to be the cache's. */
export const NOT_PROVEN =
  "only ROOT covers it, and nothing proves that the cache created it (docs/maintenance.md, Proof of origin)";

/** Why the images of a repository under an own prefix are not deleted. */
export function whyImagesStay(prefix: string): string {
  return prefix === ROOT
    ? NOT_PROVEN
    : "nothing proves that the cache created it, and images may have been pushed to it (docs/maintenance.md, Proof of origin)";
}
