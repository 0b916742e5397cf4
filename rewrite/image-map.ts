import { allowsOtherImages, globalRegistry, type InFront, inFrontOf } from "./chart";
import { readImageText } from "./image-text";
import { addedKey } from "./map-edit";
import type { Match } from "./path";
import type { ReadingContext } from "./reading-context";
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

/** Whether a repository begins with the host of a registry: then nothing can be in front of it. */
function hasHost(repository: string): boolean {
  const slash = repository.indexOf("/");
  return slash > 0 && /[.:]|^localhost$/.test(repository.slice(0, slash));
}

/** What `common.errors.insecureImages` of Bitnami's charts compares with the names that a chart came with. */
const BITNAMI = /^bitnami\w*\//;

type Context = Pick<ReadingContext, "text" | "document" | "surroundings">;

function siteOfMap(
  map: MapNode,
  { key, value: repositoryNode }: { readonly key: string; readonly value: Node },
  { text, document, surroundings }: Context,
): Site | undefined {
  const repository = writtenText(repositoryNode);
  const registryNode = valueOf(map, "registry");
  const repositoryText = textOf(repositoryNode) ?? "";
  if (repositoryText === "" || repositoryText.includes("://")) return undefined;

  const inFront: InFront =
    registryNode === undefined && !hasHost(repositoryText)
      ? inFrontOf(document, map, surroundings)
      : { kind: "nothing" };
  const registry = inFront.kind === "registry" ? inFront.registry : (textOf(registryNode) ?? "");
  const image = `${registry === "" ? "" : `${registry}/`}${repositoryText}`;
  // A repository that has a tag itself keeps it.
  const read = readImageText(repositoryText);
  const ownVersion = read.why === undefined ? read.version : "";
  const version = ownVersion === "" ? versionOf(map) : "";
  const at = repository?.site ?? { start: repositoryNode.start, end: repositoryNode.start };
  const isBitnami = BITNAMI.test(repositoryText.replace(/^docker\.io\//, ""));
  const site: Site = {
    ...at,
    image: `${image}${isVersion(version) ? version : ""}`,
    ...(isBitnami && !allowsOtherImages(document) && { isChecked: true }),
  };

  const global = globalRegistry(document);
  if (global !== undefined) return leave(site, "ambiguous", `${global} replaces the registry`);
  if (inFront.kind === "unknown") return leave(site, "ambiguous", inFront.reason);
  const written = registryNode && registry !== "" ? writtenText(registryNode) : undefined;
  if (!repository || (registryNode && registry !== "" && !written)) {
    return leave(site, "unwritable", "its registry or repository is written elsewhere");
  }
  const { start, end } = repository.site;
  if (written) {
    return {
      ...site,
      edits: (name) => partedEdits(written.site, repository.site, ownVersion, name),
    };
  }
  if (inFront.kind !== "registry") {
    return { ...site, edits: (name) => [{ start, end, text: `${name}${ownVersion}` }] };
  }
  // What the chart puts in front is overridden, too.
  const addRegistry = (host: string) => addedKey(text, map, { key, end }, "registry", host);
  if (!addRegistry("")) {
    return leave(
      site,
      "unwritable",
      `its chart puts ${registry}/ in front, and no registry can be added to values that are written like this`,
    );
  }
  return {
    ...site,
    edits: (name) => {
      const slash = name.indexOf("/");
      return [
        { start, end, text: `${name.slice(slash + 1)}${ownVersion}` },
        ...[addRegistry(name.slice(0, slash))].filter((edit) => edit !== undefined),
      ];
    },
  };
}

/** Whether a string can follow a name: charts accept anything as a tag, such as `sha256:…`. */
function isVersion(text: string): boolean {
  return text === "" || readImageText(`image${text}`).why === undefined;
}

/** The image of a map, if it names one. */
export function readImageMap({ node, key }: Match, context: Context): Site[] {
  // The target of an alias is read where it is written.
  if (node.kind !== "map") return [];
  for (const { key: repositoryKey, isImage } of REPOSITORY_KEYS) {
    const repository = valueOf(node, repositoryKey);
    if (!repository || dereference(repository)?.kind !== "scalar" || !isImage(node, key)) continue;
    const site = siteOfMap(node, { key: repositoryKey, value: repository }, context);
    return site ? [site] : [];
  }
  return [];
}
