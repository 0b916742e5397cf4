import { escapePattern } from "../ecr/pattern";
import type { ReadingContext, Surroundings } from "./reading-context";
import { type Edit, type Site, siteIn } from "./site";
import { dereference, type MapNode, type Node, SyntaxProblem, textOf, valueOf } from "./tree";
import { readYaml } from "./yaml";

/*
 * Kustomize's `images`. An entry replaces what resources call `name` by `newName`, `newTag` and `digest`; `name` is
 * compared as it is written (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/).
 *
 * So the cache name goes into `newName`. And since resources in the same code base are rewritten as well, an entry whose
 * `name` is one of theirs is needed twice, under the old name and the new one: otherwise it would silently stop
 * applying, and another tag would be deployed.
 */

/** The files that a folder's kustomization may be in. */
const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** How deeply kustomizations may build on each other, before the search for an image is given up. */
const MAX_DEPTH = 20;

/** A path from another path's folder; undefined for one that leaves the machine. */
function joinPath(folder: string, path: string): string | undefined {
  if (/:\/\/|^git@|\?ref=|^github\.com\//.test(path)) return undefined;
  return folder === "" ? path : `${folder}/${path}`;
}

/** The texts of the local files that a kustomization builds on. */
function* resourceTexts(
  document: Node,
  readFile: NonNullable<Surroundings["readFile"]>,
  folder = "",
  depth = 0,
): Generator<string> {
  const map = dereference(document);
  if (map?.kind !== "map" || depth > MAX_DEPTH) return;
  for (const key of ["resources", "bases", "components"]) {
    const list = valueOf(map, key);
    const items = list && dereference(list);
    if (items?.kind !== "list") continue;
    for (const item of items.items) {
      const path = joinPath(folder, textOf(item) ?? "://");
      if (path === undefined) continue;
      const text = readFile(path);
      if (text !== undefined) {
        yield text;
        continue;
      }
      for (const name of KUSTOMIZATION_FILES) {
        const base = readFile(`${path}/${name}`);
        if (base === undefined) continue;
        const [inner] = readOrNone(base);
        if (inner) yield* resourceTexts(inner, readFile, path, depth + 1);
        break;
      }
    }
  }
}

function readOrNone(text: string): Node[] {
  try {
    return readYaml(text);
  } catch (error) {
    if (error instanceof SyntaxProblem) return [];
    throw error;
  }
}

/** Whether a resource names an image, whatever its tag. */
function namesImage(text: string, name: string): boolean {
  return new RegExp(`\\bimage["']?:\\s*["']?${escapePattern(name)}(?=[:@"'\\s,}]|$)`, "m").test(
    text,
  );
}

/** Where a line ends, without what ends it; and what does. */
function lineEnd(text: string, at: number): { end: number; newline: string } {
  const newline = text.indexOf("\n", at);
  if (newline < 0) return { end: text.length, newline: text.includes("\r\n") ? "\r\n" : "\n" };
  return text[newline - 1] === "\r"
    ? { end: newline - 1, newline: "\r\n" }
    : { end: newline, newline: "\n" };
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf("\n", at - 1) + 1);
}

/** An entry of `images` with what is needed to edit it. */
class ImageEntry {
  constructor(
    private readonly text: string,
    private readonly map: MapNode,
  ) {}

  value(key: string): string | undefined {
    return textOf(valueOf(this.map, key));
  }

  /** The place of a key's value; undefined where it is not written in the entry, on one line. */
  site(key: string): Site | undefined {
    const node = this.map.entries.find((entry) => entry.key === key)?.value;
    if (node?.kind !== "scalar" || node.value === null || node.tag !== undefined) return undefined;
    const excerpt = node.excerpt();
    const value = node.value.trim();
    if (!excerpt || value === "" || value.includes("\n")) return undefined;
    const from = excerpt.text.indexOf(value);
    return siteIn(excerpt, from, from + value.length);
  }

  get version(): string {
    const [tag, digest] = [this.value("newTag"), this.value("digest")];
    return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  }

  /** Adds a key after `name`. */
  addKey(key: string, value: string): Edit | undefined {
    const name = this.map.entries.find((entry) => entry.key === "name");
    const site = this.site("name");
    if (!name || !site) return undefined;
    if (this.map.flow) {
      const quoted = /["']/.test(this.text[site.end] ?? "");
      const at = site.end + (quoted ? 1 : 0);
      return { start: at, end: at, text: `, ${key}: ${value}` };
    }
    const { end, newline } = lineEnd(this.text, site.end);
    const indent = " ".repeat(columnOf(this.text, name.keyStart));
    return { start: end, end, text: `${newline}${indent}${key}: ${value}` };
  }

  /** Adds another entry after this one, under another name. */
  addCopy(values: readonly (readonly [string, string | undefined])[]): Edit | undefined {
    const [first] = this.map.entries;
    const last = this.map.entries.at(-1);
    const lastSite = last && this.site(last.key);
    if (!first || !lastSite || this.map.flow) return undefined;
    const start = this.text.lastIndexOf("\n", first.keyStart - 1) + 1;
    const lead = this.text.slice(start, first.keyStart);
    // Only `- name: …`, each on lines of its own, can be copied line by line.
    if (!/^ *- +$/.test(lead)) return undefined;
    const { end, newline } = lineEnd(this.text, lastSite.end);
    const lines = values
      .filter(([, value]) => value !== undefined)
      .map(([key, value], at) => `${at === 0 ? lead : " ".repeat(lead.length)}${key}: ${value}`);
    return { start: end, end, text: lines.map((line) => `${newline}${line}`).join("") };
  }
}

/** The same in quotes: a tag such as 1.25 would be a number otherwise. */
function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(text);
}

/** The names of all entries of `images`. */
function entryNames(document: Node): Set<string | undefined> {
  const root = dereference(document);
  const images = root?.kind === "map" ? valueOf(root, "images") : undefined;
  const list = images && dereference(images);
  const items = list?.kind === "list" ? list.items.map(dereference) : [];
  return new Set(
    items.map((item) => (item?.kind === "map" ? textOf(valueOf(item, "name")) : undefined)),
  );
}

/** The edit that adds an entry under an image's name in the cache, where resources will call it that. */
function copyEdits(
  entry: ImageEntry,
  name: string,
  cacheName: string,
  newName: string | undefined,
  { document, surroundings: { readFile } }: ReadingContext,
): Edit[] {
  if (!readFile || entryNames(document).has(cacheName)) return [];
  const isUsed = [...resourceTexts(document, readFile)].some(
    (text) => namesImage(text, name) || namesImage(text, cacheName),
  );
  const copy = isUsed
    ? entry.addCopy([
        ["name", cacheName],
        ["newName", newName],
        ["newTag", quoted(entry.value("newTag"))],
        ["digest", entry.value("digest")],
      ])
    : undefined;
  return copy ? [copy] : [];
}

/** The images of one entry. */
export function readKustomizeImage(node: Node, context: ReadingContext): Site[] {
  if (node.kind !== "map") return [];
  const entry = new ImageEntry(context.text, node);
  const name = entry.value("name");
  const nameSite = entry.site("name");
  if (name === undefined || !nameSite) return [];
  const newName = entry.value("newName");
  const newNameSite = entry.site("newName");

  if (newName === undefined) {
    const site: Site = { ...nameSite, image: `${name}${entry.version}` };
    if (!entry.addKey("newName", "")) {
      const reason = "newName can't be added to an entry that is written like this";
      return [{ ...site, leave: { why: "unwritable", reason } }];
    }
    return [
      {
        ...site,
        edits: (cacheName) => [
          ...[entry.addKey("newName", cacheName)].filter((edit) => edit !== undefined),
          ...copyEdits(entry, name, cacheName, undefined, context),
        ],
      },
    ];
  }
  if (!newNameSite) return [];
  const { start, end } = newNameSite;
  return [
    {
      ...nameSite,
      onlyIfEdited: true,
      edits: (cacheName, cacheNameOf) =>
        copyEdits(entry, name, cacheName, cacheNameOf(newName) ?? newName, context),
    },
    {
      ...newNameSite,
      image: `${newName}${entry.version}`,
      edits: (cacheName) => [{ start, end, text: cacheName }],
    },
  ];
}
