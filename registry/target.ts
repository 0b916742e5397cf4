import { type Cache, cacheOf, cacheUri } from "../ecr/cache-uri";
import type { Environment, Rule } from "../ecr/environment";
import { declaredPrefixes } from "../ecr/environment/declared-prefixes";
import { type ImageReference, parseImageReference } from "../ecr/image-reference";
import { isAllowed, nameBelow, notAllowed } from "../ecr/only";
import { show } from "../ecr/problem";
import { parseRegistryHost } from "../ecr/region";
import { ROOT } from "../ecr/prefix";
import { UserError } from "../ecr/user-error";
import { type Ownership, ownershipOf, owningPrefix, ownPrefixOf } from "./ownership";

/** An image that a command works on, by its names in the cache and at its upstream. */
export interface Target {
  /** As the user wrote it. */
  readonly image: string;
  /** The repository in the cache. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly rule: Rule;
  /** The repository at the rule's upstream. */
  readonly upstreamRepository: string;
}

/** Where targets are looked up. */
export interface TargetContext {
  readonly environment: Environment;
  readonly cache: Cache;
  readonly ownership: Ownership;
}

/** Where images are looked up before AWS is asked for anything: by what the environments declare. */
export function targetContext(
  environment: Environment,
  region: string,
  environments: readonly Environment[],
): TargetContext {
  return {
    environment,
    cache: cacheOf(environment, region, environments),
    ownership: ownershipOf(declaredPrefixes(environment, region, environments), []),
  };
}

/**
 * Why a target is not to be pulled: a rule exists that covers its repository before the environment's does. Undefined if
 * there is no such rule.
 *
 * @param ownership Also by the rules that exist.
 */
export function ownerProblem(
  { repository, rule }: Pick<Target, "repository" | "rule">,
  ownership: Ownership,
): string | undefined {
  const prefix = owningPrefix(ownership, repository);
  return prefix === undefined || ownership.own.includes(prefix)
    ? undefined
    : `the rule ${prefix}, which is not the environment's, covers the repository ${repository} before the rule ${rule.prefix} does: ECR would pull it from that rule's upstream`;
}

/** The upstream's name of a repository of the cache. */
export function upstreamRepository(
  { prefix, upstreamPrefix }: Pick<Rule, "prefix" | "upstreamPrefix">,
  repository: string,
): string {
  const rest = nameBelow({ prefix }, repository);
  return upstreamPrefix === undefined ? rest : `${upstreamPrefix}/${rest}`;
}

/** The largest number of components in a Docker Hub name; a longer one starts with a prefix of the cache. */
const DOCKER_HUB_COMPONENTS = 2;

/** The repository that a reference names in the cache, if it does: with the registry's host, or as `images` prints it. */
function cachedRepository(
  reference: ImageReference,
  image: string,
  { environment, cache, ownership }: TargetContext,
): string | undefined {
  const own = parseRegistryHost(cache.host);
  const host = parseRegistryHost(reference.domain);
  if (host && host.account === own?.account && host.region === own.region) {
    if (ownPrefixOf(ownership, reference.path) !== undefined) return reference.path;
    throw new UserError(
      `image ${show(image)}: found the repository ${show(reference.path)}; allowed: repositories under the prefixes of environment ${environment.name}: ${ownership.own.join(", ")}`,
    );
  }
  const isBareName = image.startsWith(reference.path);
  const isLong = reference.path.split("/").length > DOCKER_HUB_COMPONENTS;
  const prefix = owningPrefix(ownership, reference.path);
  return isBareName && isLong && prefix !== undefined && prefix !== ROOT
    ? reference.path
    : undefined;
}

/**
 * What an image name means for a cache: an upstream's name, such as `nginx:1.25`, or the cache's own, with the registry's
 * host or without.
 *
 * @throws UserError if it is no name, or this cache does not have it.
 */
export function findTarget(image: string, context: TargetContext): Target {
  const { environment, cache, ownership } = context;
  const reference = parseImageReference(image);
  let repository = cachedRepository(reference, image, context);
  if (repository === undefined) {
    const { cacheUri: uri, reason } = cacheUri(
      { domain: reference.domain, path: reference.path },
      cache,
    );
    if (uri === null) {
      throw new UserError(`image ${show(image)}: found no name in the cache: ${reason}`);
    }
    repository = uri.slice(cache.host.length + 1);
  }
  const prefix = ownPrefixOf(ownership, repository);
  const rule = environment.rules.find((candidate) => candidate.prefix === prefix);
  if (!rule) {
    throw new UserError(
      `image ${show(image)}: found that the repository ${show(repository)} belongs to another environment; allowed: images of environment ${environment.name}`,
    );
  }
  if (!isAllowed(rule, repository)) {
    throw new UserError(`image ${show(image)}: ${notAllowed(rule)}`);
  }
  return {
    image,
    repository,
    ...(reference.tag !== undefined && { tag: reference.tag }),
    ...(reference.digest !== undefined && { digest: reference.digest }),
    rule,
    upstreamRepository: upstreamRepository(rule, repository),
  };
}

/** A target in one of the environment's regions. */
export interface RegionalTarget extends Target {
  readonly region: string;
}

/** Where the targets of several images are looked up. */
export interface TargetRegions {
  readonly environment: Environment;
  readonly regions: readonly string[];
  /** Every environment of the project. */
  readonly environments: readonly Environment[];
}

/** The region in whose registry an image is named; undefined if it is an upstream's name, or of another account. */
function regionNamed(image: string, { environment, regions }: TargetRegions): string | undefined {
  const host = parseRegistryHost(parseImageReference(image).domain);
  return host?.account === environment.account && regions.includes(host.region)
    ? host.region
    : undefined;
}

/**
 * The same for several images in several regions, each target once. A name with the host of a registry is only looked up
 * in the host's region.
 *
 * @returns Also a line for each image that can't be worked on.
 */
export function findTargets(
  images: readonly string[],
  where: TargetRegions,
): { readonly targets: readonly RegionalTarget[]; readonly problems: readonly string[] } {
  const { environment, regions, environments } = where;
  const targets: RegionalTarget[] = [];
  const problems = new Set<string>();
  for (const region of regions) {
    const context = targetContext(environment, region, environments);
    for (const image of images) {
      try {
        if ((regionNamed(image, where) ?? region) !== region) continue;
        targets.push({ ...findTarget(image, context), region });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.add(error.message);
      }
    }
  }
  return { targets: distinctTargets(targets), problems: [...problems] };
}

/**
 * The targets of images that are all to be worked on.
 *
 * @throws UserError with a line for each that can't be.
 */
export function requireTargets(
  images: readonly string[],
  where: TargetRegions,
): readonly RegionalTarget[] {
  const { targets, problems } = findTargets(images, where);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return targets;
}

/** Targets without those that come again. */
export function distinctTargets<Found extends RegionalTarget>(targets: readonly Found[]): Found[] {
  const distinct = new Map<string, Found>();
  for (const target of targets) {
    const { region, repository, tag, digest } = target;
    const version = `${tag ?? (digest === undefined ? "latest" : "")}@${digest ?? ""}`;
    const key = `${region} ${repository}:${version}`;
    if (!distinct.has(key)) distinct.set(key, target);
  }
  return [...distinct.values()];
}
