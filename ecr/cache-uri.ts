import type { Environment, Rule } from "./environment/model";
import { isAllowed, nameBelow, notAllowed } from "./only";
import { mostSpecificPrefix, ROOT } from "./prefix";
import { formatVersion, type ImageReference, parseImageReference } from "./image-reference";
import { parseRegistryHost, registryHost } from "./region";
import { uncacheableRegistry } from "./uncacheable-registries";
import { imageHostsOf, upstreamNames, upstreamOf, upstreamOfHost } from "./upstreams";

/** What an image's cache name depends on in a rule. */
export type CacheRule = Pick<
  Rule,
  "upstream" | "prefix" | "upstreamUrl" | "upstreamPrefix" | "only"
>;

/** One registry and the cache rules that it has. */
export interface CacheRegistry {
  /** The registry's host, such as `111111111111.dkr.ecr.us-east-1.amazonaws.com`. */
  readonly host: string;
  /** The environment that it belongs to, for messages; absent for one that is in no environment file. */
  readonly environment?: string;
  readonly rules: readonly CacheRule[];
}

/** Where images are to be pulled from, and which other caches there are, whose names are left alone. */
export interface Cache extends CacheRegistry {
  readonly known: readonly CacheRegistry[];
}

/** Why an image has no cache name. */
export type NoCacheUri =
  /** It is a cache name already, of this cache or of another environment's. */
  | "already-cached"
  /** Its registry is neither an upstream of ECR's nor a well-known public one. */
  | "private-registry"
  /** Its registry is well known, and ECR can't cache it. */
  | "uncacheable-registry"
  /** ECR could cache it, but no rule says so. */
  | "no-rule"
  /** ECR would look the cache name up by another rule, at another upstream. */
  | "shadowed"
  /** The rule that covers it has an `only`, and does not list it. */
  | "not-allowed"
  /** The cache name would be longer than ECR takes. */
  | "too-long";

/** The cache name of an image, or why it has none. */
export type CacheUri =
  | {
      readonly cacheUri: string;
      readonly rule: CacheRule;
      readonly why?: undefined;
      readonly reason?: undefined;
    }
  | {
      readonly cacheUri: null;
      readonly rule?: undefined;
      readonly why: NoCacheUri;
      /** The same in words, with the registry or rule that it is about. */
      readonly reason: string;
    };

/**
 * The longest repository name that ECR takes, in characters.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export const MAX_REPOSITORY_NAME_LENGTH = 256;

/**
 * The rules of a registry that is known by its host only: every upstream that has one registry for all, under this project's
 * default prefix, and under the one that AWS's console proposes, by which names are known as cached.
 */
export const defaultCacheRules: readonly CacheRule[] = upstreamNames.flatMap((name) => {
  const { url, defaultPrefix, consolePrefix = defaultPrefix } = upstreamOf(name);
  return url === undefined
    ? []
    : [...new Set([defaultPrefix, consolePrefix])].map((prefix) => ({
        upstream: name,
        prefix,
        upstreamUrl: url,
      }));
});

function registriesOf(environments: readonly Environment[]): CacheRegistry[] {
  return environments.flatMap(({ name, account, regions, rules }) =>
    regions.map((region) => ({ host: registryHost(account, region), environment: name, rules })),
  );
}

/**
 * The cache of an environment in one of its regions.
 *
 * @param environments All environments, so that names that are in another one's cache already are left alone.
 */
export function cacheOf(
  environment: Environment,
  region: string,
  environments: readonly Environment[] = [environment],
): Cache {
  return {
    host: registryHost(environment.account, region),
    environment: environment.name,
    rules: environment.rules,
    known: registriesOf([environment, ...environments]),
  };
}

/**
 * A cache at a registry that no environment describes.
 *
 * @param rules Default: `defaultCacheRules`.
 */
export function cacheAt(
  host: string,
  rules: readonly CacheRule[] = defaultCacheRules,
  environments: readonly Environment[] = [],
): Cache {
  return { host, rules, known: [{ host, rules }, ...registriesOf(environments)] };
}

/** Whether two hosts are one registry: ECR answers under several names (FIPS, dual-stack). */
function sameRegistry(left: string, right: string): boolean {
  const [one, other] = [parseRegistryHost(left), parseRegistryHost(right)];
  return one && other
    ? one.account === other.account && one.region === other.region
    : left.toLowerCase() === right.toLowerCase();
}

function isUpstream(rule: CacheRule, domain: string): boolean {
  return imageHostsOf(rule).some((host) => sameRegistry(host, domain));
}

/** The rule that ECR looks a repository's name up by. */
function ruleOfRepository(rules: readonly CacheRule[], name: string): CacheRule | undefined {
  const prefix = mostSpecificPrefix(
    rules.map((rule) => rule.prefix),
    name,
  );
  return rules.find((rule) => rule.prefix === prefix);
}

function repositoryName(rule: CacheRule, path: string): string {
  const rest =
    rule.upstreamPrefix === undefined ? path : path.slice(rule.upstreamPrefix.length + 1);
  return rule.prefix === ROOT ? rest : `${rule.prefix}/${rest}`;
}

/** The catalogue's name of the registry of a host that ECR could cache. */
function upstreamTitle(domain: string): string | undefined {
  const name = upstreamOfHost(domain);
  // Another private ECR registry is more often where a company's own images are than an upstream without a rule.
  return name === undefined || name === "ecr" ? undefined : upstreamOf(name).title;
}

function noCacheUri(why: NoCacheUri, reason: string): CacheUri {
  return { cacheUri: null, why, reason };
}

function withoutRule(cache: Cache, domain: string, covered: boolean): CacheUri {
  const owner = cache.environment === undefined ? cache.host : `environment ${cache.environment}`;
  if (covered)
    return noCacheUri("no-rule", `no rule of ${owner} for ${domain} covers this repository`);
  const title = upstreamTitle(domain);
  if (title) return noCacheUri("no-rule", `${owner} has no rule for ${title} (${domain})`);
  const uncacheable = uncacheableRegistry(domain);
  if (!uncacheable) return noCacheUri("private-registry", `private registry ${domain}`);
  const hint = uncacheable.instead ?? uncacheable.request;
  return noCacheUri(
    "uncacheable-registry",
    `ECR can't cache ${uncacheable.title} (${domain})${hint === undefined ? "" : `: ${hint}`}`,
  );
}

/**
 * The name to pull an image by from a cache.
 *
 * The most specific rule wins: of those for the image's registry, the one with the longest upstream prefix; among
 * equals, the first.
 *
 * @param image A name, or one taken apart.
 * @throws UserError if the name is not a valid one.
 */
export function cacheUri(image: string | ImageReference, cache: Cache): CacheUri {
  const reference = typeof image === "string" ? parseImageReference(image) : image;
  const { domain, path } = reference;

  for (const { host, environment, rules } of cache.known) {
    if (!sameRegistry(host, domain) || !ruleOfRepository(rules, path)) continue;
    return noCacheUri(
      "already-cached",
      `already a cache name${environment === undefined ? "" : ` (environment ${environment})`}`,
    );
  }

  const rulesOfUpstream = cache.rules.filter((rule) => isUpstream(rule, domain));
  const candidates = rulesOfUpstream
    .filter(
      ({ upstreamPrefix }) => upstreamPrefix === undefined || path.startsWith(`${upstreamPrefix}/`),
    )
    .sort((a, b) => (b.upstreamPrefix ?? "").length - (a.upstreamPrefix ?? "").length);
  if (candidates.length === 0) return withoutRule(cache, domain, rulesOfUpstream.length > 0);

  let problem: CacheUri | undefined;
  for (const rule of candidates) {
    const name = repositoryName(rule, path);
    const found = ruleOfRepository(cache.rules, name);
    if (found !== rule) {
      problem ??= noCacheUri(
        "shadowed",
        `its cache name would belong to the rule of prefix ${found?.prefix ?? ROOT}, which is for ${found?.upstreamUrl ?? "nothing"}`,
      );
    } else if (name.length > MAX_REPOSITORY_NAME_LENGTH) {
      problem ??= noCacheUri(
        "too-long",
        `its cache name would be longer than ECR takes (${MAX_REPOSITORY_NAME_LENGTH} characters)`,
      );
    } else if (!isAllowed(rule, name)) {
      problem ??= noCacheUri("not-allowed", notAllowed(rule));
    } else {
      return { cacheUri: `${cache.host}/${name}${formatVersion(reference)}`, rule };
    }
  }
  return problem ?? withoutRule(cache, domain, true);
}

/**
 * The repository of an image in a cache, also one that the `only` of its rule does not list: the rule, and the name below
 * its prefix. Undefined where no rule covers the image.
 *
 * @param image A name at an upstream, or in the cache.
 * @throws UserError if the name is not a valid one.
 */
export function repositoryOf(
  image: string,
  cache: Cache,
): { readonly rule: CacheRule; readonly name: string } | undefined {
  const { domain, path } = parseImageReference(image);
  const isOwn = cache.known.some(
    ({ host, environment }) => environment === cache.environment && sameRegistry(host, domain),
  );
  const rules = cache.rules.map(({ only, ...rule }) => rule);
  const uri = isOwn ? undefined : cacheUri({ domain, path }, { ...cache, rules }).cacheUri;
  if (uri === null) return undefined;
  const repository = uri === undefined ? path : uri.slice(cache.host.length + 1);
  const rule = ruleOfRepository(cache.rules, repository);
  return rule && { rule, name: nameBelow(rule, repository) };
}
