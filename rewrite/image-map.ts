import { readImageText } from "./image-text";
import type { Match } from "./path";
import { siteIn, type Edit, type Site } from "./site";
import { dereference, type MapNode, type Node, textOf, valueOf } from "./tree";

/*
 * Image names in several values, as Helm charts have them: `registry`, `repository`, `tag` and `digest`. Charts join
 * them with a slash, a colon and an @; the new name is split in the same way.
 */

/** The keys that hold the repository, and how to be sure that they do. */
const REPOSITORY_KEYS: readonly {
  readonly key: string;
  /** Whether a map with this key names an image. */
  readonly isImage: (map: MapNode, keyOfMap: string | undefined) => boolean;
}[] = [
  {
    key: "repository",
    isImage: (map, keyOfMap) =>
      isImageKey(keyOfMap) ||
      hasAny(map, ["registry", "tag", "digest", "pullPolicy", "imagePullPolicy"]),
  },
  // ingress-nginx: image: { registry, image, tag, digest }
  { key: "image", isImage: (map) => hasAny(map, ["registry"]) },
  {
    key: "name",
    isImage: (map, keyOfMap) => isImageKey(keyOfMap) && hasAny(map, ["registry", "tag", "digest"]),
  },
];

function isImageKey(key: string | undefined): boolean {
  return /image$/i.test(key ?? "");
}

function hasAny(map: MapNode, keys: readonly string[]): boolean {
  return keys.some((key) => valueOf(map, key) !== undefined);
}

/** A string that is written on one line and may be replaced. */
function writtenText(node: Node | undefined): { value: string; site: Site } | undefined {
  if (node?.kind !== "scalar" || node.value === null || node.tag !== undefined) return undefined;
  const excerpt = node.excerpt();
  const value = node.value.trim();
  if (!excerpt || value.includes("\n")) return undefined;
  const from = excerpt.text.indexOf(value);
  return { value, site: siteIn(excerpt, from, from + value.length) };
}

function versionOf(map: MapNode): string {
  const tag = textOf(valueOf(map, "tag")) ?? "";
  const digest = textOf(valueOf(map, "digest")) ?? "";
  return `${tag === "" ? "" : `:${tag}`}${digest === "" ? "" : `@${digest}`}`;
}

/** Whether `global.imageRegistry` of the file replaces every registry in it. */
function globalRegistry(document: Node): string | undefined {
  const root = dereference(document);
  const global = root?.kind === "map" ? valueOf(root, "global") : undefined;
  const map = global && dereference(global);
  const registry = map?.kind === "map" ? textOf(valueOf(map, "imageRegistry")) : undefined;
  return registry === "" ? undefined : registry;
}

/** The edits that split a name of the cache between a registry and a repository. */
function partedEdits(registry: Site, repository: Site, version: string, name: string): Edit[] {
  const slash = name.indexOf("/");
  return [
    { start: registry.start, end: registry.end, text: name.slice(0, slash) },
    { start: repository.start, end: repository.end, text: `${name.slice(slash + 1)}${version}` },
  ];
}

function leave(site: Site, why: "unwritable" | "ambiguous", reason: string): Site {
  return { ...site, leave: { why, reason } };
}

function siteOfMap(map: MapNode, repositoryNode: Node, document: Node): Site | undefined {
  const repository = writtenText(repositoryNode);
  const registryNode = valueOf(map, "registry");
  const registry = textOf(registryNode) ?? "";
  const repositoryText = textOf(repositoryNode) ?? "";
  if (repositoryText === "" || repositoryText.includes("://")) return undefined;

  const image = `${registry === "" ? "" : `${registry}/`}${repositoryText}`;
  // A repository that has a tag itself keeps it.
  const read = readImageText(repositoryText);
  const ownVersion = read.why === undefined ? read.version : "";
  const version = ownVersion === "" ? versionOf(map) : "";
  const at = repository?.site ?? { start: repositoryNode.start, end: repositoryNode.start };
  const site: Site = { ...at, image: `${image}${isVersion(version) ? version : ""}` };

  const global = globalRegistry(document);
  if (global !== undefined) {
    return leave(site, "ambiguous", `global.imageRegistry (${global}) replaces the registry`);
  }
  const written = registry === "" ? undefined : writtenText(registryNode);
  if (!repository || (registry !== "" && !written)) {
    return leave(site, "unwritable", "its registry or repository is written elsewhere");
  }
  return {
    ...site,
    edits: (name) =>
      written
        ? partedEdits(written.site, repository.site, ownVersion, name)
        : [{ ...spanOf(repository.site), text: `${name}${ownVersion}` }],
  };
}

function spanOf({ start, end }: Site): { start: number; end: number } {
  return { start, end };
}

/** Whether a string can follow a name: charts accept anything as a tag, such as `sha256:…`. */
function isVersion(text: string): boolean {
  return text === "" || readImageText(`image${text}`).why === undefined;
}

/** The image of a map, if it names one. */
export function readImageMap({ node, key }: Match, document: Node): Site[] {
  // The target of an alias is read where it is written.
  if (node.kind !== "map") return [];
  for (const { key: repositoryKey, isImage } of REPOSITORY_KEYS) {
    const repository = valueOf(node, repositoryKey);
    if (!repository || dereference(repository)?.kind !== "scalar" || !isImage(node, key)) continue;
    const site = siteOfMap(node, repository, document);
    return site ? [site] : [];
  }
  return [];
}
