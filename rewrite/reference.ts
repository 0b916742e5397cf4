import { type Cache, type CacheUri, cacheUri, type NoCacheUri } from "../ecr/cache-uri";
import { readImageReference } from "../ecr/image-reference";
import { BuiltImages } from "./built-images";
import { imageHostsOf } from "../ecr/upstreams";
import { readImageText, type ReadImageText, readVariables } from "./image-text";
import { isOfficial } from "./official";
import type { Edit, LeftAlone, Site } from "./site";

/** An image name found in a text, and its outcome. */
export interface Reference {
  /** Where the name begins, as an offset. */
  readonly start: number;
  /** The same as people count: from 1. */
  readonly line: number;
  readonly column: number;
  /** The name as it reads; it may hold variables. */
  readonly image: string;
  /** The name in the cache, or null where it is left alone. */
  readonly cacheUri: string | null;
  readonly why?: NoCacheUri | LeftAlone;
  /** Why it is left alone, in words. */
  readonly reason?: string;
  readonly edits: readonly Edit[];
  /** Set where a Helm chart refuses another name unless its values allow it. */
  readonly isChecked?: true;
}

/** The outcome of a name: its name in the cache, or why there is none. */
type Outcome = Pick<Reference, "cacheUri" | "why" | "reason" | "edits">;

/**
 * The images that CodeBuild has itself. No repository of Docker Hub has a name of three parts.
 * Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html
 */
const CODEBUILD_IMAGES = "aws/codebuild/";

/** Variables of continuous integration that name the code base itself: what is below them is built here. */
const OWN_PROJECT = /github\.repository|GITHUB_REPOSITORY|CI_PROJECT|CI_REGISTRY|BITBUCKET_REPO/;

function leftAlone(why: NoCacheUri | LeftAlone, reason: string): Outcome {
  return { cacheUri: null, why, reason, edits: [] };
}

/** The edits that replace a name by one of the cache. */
function replacement(
  text: string,
  site: Site,
  name: string,
  version: string,
  mapper: Mapper,
): readonly Edit[] {
  if (site.edits) return site.edits(name, (image) => mapper.cacheNameOf(image));
  const { start, end, image } = site;
  // Only the name is replaced, where it is written as it reads; its tag and digest need not be touched then.
  return text.slice(start, end) === image
    ? [{ start, end: end - version.length, text: name }]
    : [{ start, end, text: `${name}${version}` }];
}

/** Maps names to a cache, each distinct one once: a code base has few names and many places. */
export class Mapper {
  private readonly known = new Map<string, CacheUri>();
  private readonly texts = new Map<string, ReadImageText>();

  /** @param assumeOfficial Names of official images of Docker Hub that are newer than the list of them. */
  constructor(
    private readonly cache: Cache,
    private readonly assumeOfficial: ReadonlySet<string> = new Set(),
  ) {}

  /**
   * Whether a name is that of an official image, or says itself where it is.
   */
  isKnown(name: string): boolean {
    return name.includes("/") || isOfficial(name) || this.assumeOfficial.has(name);
  }

  /** The hosts whose images the cache has. */
  get hosts(): readonly string[] {
    return [...new Set(this.cache.rules.flatMap(imageHostsOf))];
  }

  /** Splits a string that is where an image name belongs. */
  read(image: string): ReadImageText {
    let read = this.texts.get(image);
    if (!read) {
      read = readImageText(image);
      this.texts.set(image, read);
    }
    return read;
  }

  /** @param name Registry and repository, valid ones. */
  map(name: string): CacheUri {
    let found = this.known.get(name);
    if (!found) {
      found = cacheUri(name, this.cache);
      this.known.set(name, found);
    }
    return found;
  }

  /**
   * The beginning of a name in the cache, for the beginning of names whose rest is not known.
   *
   * @param prefix With a slash at its end: `quay.io/`, `temporalio/`.
   * @param isDeep Whether the rest has a slash for sure.
   * @returns undefined where the rest decides: on official images, or where rules are for parts of what is below the prefix.
   */
  mapPrefix(prefix: string, isDeep: boolean): CacheUri | undefined {
    const rest = isDeep ? "some/rest" : "rest";
    const path = readImageReference(`${prefix}${rest}`).reference?.path.slice(0, -rest.length);
    // Below docker.io/, the rest may be an official image.
    if (path === undefined || (path === "library/" && !prefix.endsWith(path))) return undefined;
    const found = this.map(`${prefix}${rest}`);
    // A rule's `only` may list some of what is below the prefix.
    if (found.why === "not-allowed") return undefined;
    if (found.cacheUri === null) return found;
    const cacheName = found.cacheUri.slice(0, -rest.length);
    const repository = cacheName.slice(cacheName.indexOf("/") + 1);
    const isDecidedByRest = this.cache.rules.some(
      (rule) =>
        rule !== found.rule &&
        (`${rule.prefix}/`.startsWith(repository) ||
          (rule.upstream === found.rule.upstream &&
            rule.upstreamPrefix !== undefined &&
            `${rule.upstreamPrefix}/`.startsWith(path))),
    );
    return isDecidedByRest ? undefined : { ...found, cacheUri: cacheName };
  }

  /** Registry and repository in the cache of an image; undefined for one that has no name there. */
  cacheNameOf(image: string): string | undefined {
    const read = this.read(image);
    return read.why === undefined && this.isKnown(read.name)
      ? (this.map(read.name).cacheUri ?? undefined)
      : undefined;
  }
}

function outcomeOf(text: string, site: Site, mapper: Mapper): Outcome {
  if (site.leave) return leftAlone(site.leave.why, site.leave.reason);
  const read = mapper.read(site.image);
  if (read.why === "variable") return outcomeOfPrefix(text, site, read, mapper);
  if (read.why !== undefined) return leftAlone(read.why, read.problem);
  if (read.name.startsWith(CODEBUILD_IMAGES)) {
    return leftAlone("service-image", "CodeBuild has this image itself");
  }
  if (!mapper.isKnown(read.name)) {
    return leftAlone(
      "not-official",
      `Docker Hub has no official image ${read.name} (--assume-official ${read.name} if it has by now)`,
    );
  }
  const mapped = mapper.map(read.name);
  if (mapped.cacheUri === null) return leftAlone(mapped.why, mapped.reason);
  return {
    cacheUri: `${mapped.cacheUri}${read.version}`,
    edits: replacement(text, site, mapped.cacheUri, read.version, mapper),
  };
}

/** The outcome of a name with variables: its beginning is enough where it says where the image is. */
function outcomeOfPrefix(
  text: string,
  { start, end, image, edits }: Site,
  { name, prefix, isDeep, problem }: Extract<ReadImageText, { why: "variable" }>,
  mapper: Mapper,
): Outcome {
  const isWritable = edits === undefined && text.slice(start, end) === image;
  const moved =
    prefix === "" || !isWritable || OWN_PROJECT.test(name)
      ? undefined
      : mapper.mapPrefix(prefix, isDeep);
  if (!moved) return leftAlone("variable", problem);
  if (moved.cacheUri === null) return leftAlone(moved.why, moved.reason);
  return {
    cacheUri: `${moved.cacheUri}${image.slice(prefix.length)}`,
    edits: [{ start, end: start + prefix.length, text: moved.cacheUri }],
  };
}

/** The site of the default in `${X:-nginx}`, which is an image name where X is not set; else the site itself. */
function narrowToDefault(text: string, site: Site): Site {
  if (!site.image.startsWith("${") || site.leave || site.edits) return site;
  if (text.slice(site.start, site.end) !== site.image) return site;
  const variables = readVariables(site.image);
  const undefaulted = variables.findIndex(({ fallback }) => !fallback);
  const innermost = variables.at((undefaulted < 0 ? variables.length : undefaulted) - 1);
  if (!innermost?.fallback) return site;
  const start = site.start + innermost.fallbackStart;
  return { start, end: start + innermost.fallback.length, image: innermost.fallback };
}

/** The names under which images are built, from the sites that say so. */
export function addBuilt(built: BuiltImages, sites: readonly Site[]): BuiltImages {
  for (const { image, builds } of sites) if (builds) built.add(image, builds === "every-tag");
  return built;
}

const BUILT_HERE = { why: "built-here", reason: "it names what is built here" } as const;

/** References without the changes of names under which the code base builds images. */
export function leaveBuilt(references: readonly Reference[], built: BuiltImages): Reference[] {
  return references.map((reference) =>
    reference.cacheUri !== null && built.has(reference.image)
      ? { ...reference, ...leftAlone(BUILT_HERE.why, BUILT_HERE.reason) }
      : reference,
  );
}

/** The outcome of each site of a text. `sites` are in the order of the text. */
export function resolveSites(text: string, sites: readonly Site[], mapper: Mapper): Reference[] {
  const built = addBuilt(new BuiltImages(), sites);
  let line = 1;
  let lineStart = text.startsWith("\ufeff") ? 1 : 0;
  let lineEnd = text.indexOf("\n");
  return sites.flatMap((found) => {
    if (found.builds && !found.leave) return [];
    const site = narrowToDefault(text, found);
    const outcome = outcomeOf(
      text,
      !site.leave && built.has(site.image) ? { ...site, leave: BUILT_HERE } : site,
      mapper,
    );
    if (site.onlyIfEdited && outcome.edits.length === 0) return [];
    while (lineEnd >= 0 && lineEnd < site.start) {
      line += 1;
      lineStart = lineEnd + 1;
      lineEnd = text.indexOf("\n", lineStart);
    }
    const { start, image, isChecked } = site;
    const column = start - lineStart + 1;
    return [{ start, line, column, image, ...outcome, ...(isChecked && { isChecked }) }];
  });
}

/**
 * Edits in the order of the text, each once.
 *
 * @throws if two of them overlap: nobody intends the result.
 */
export function orderEdits(edits: readonly Edit[]): Edit[] {
  const ordered: Edit[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const last = ordered.at(-1);
    if (last?.start === edit.start && last.end === edit.end && last.text === edit.text) continue;
    if (last && edit.start < last.end) {
      throw new Error(`two edits overlap at offset ${edit.start}`);
    }
    ordered.push(edit);
  }
  return ordered;
}

/** Applies edits to a text. They are in the order of the text, and don't overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const edit of edits) {
    pieces.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return pieces.join("") + text.slice(at);
}
