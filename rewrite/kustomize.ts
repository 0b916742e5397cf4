import { readImageText } from "./image-text";
import { addedKey, lineEnd, lineStart, pairIn } from "./map-edit";
import type { ReadingContext, Surroundings } from "./reading-context";
import { type Edit, type Site, siteIn } from "./site";
import {
  dereference,
  type ListNode,
  type MapNode,
  type Node,
  SyntaxProblem,
  textOf,
  valueOf,
} from "./tree";
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

/** The keys of a kustomization below which files, folders and patches in place are named. */
const SOURCES = [
  "resources",
  "bases",
  "components",
  "patches",
  "patchesStrategicMerge",
  "patchesJson6902",
  "generators",
  "transformers",
  "helmCharts",
];

/** How many files are read to see which images a kustomization is about. */
const MAX_FILES = 1_000;

/** A value that may be an image name: of `image`, of a JSON patch, or of an environment variable. */
const NAMED = /\b(?:image|value)["']?\s*:\s*["']?([^\s"',{}[\]]+)/g;

/** The strings below a node. */
function* stringsIn(node: Node): Generator<string> {
  const value = dereference(node);
  if (value?.kind === "scalar" && value.value !== null) yield value.value;
  else if (value?.kind === "list") for (const item of value.items) yield* stringsIn(item);
  else if (value?.kind === "map") for (const entry of value.entries) yield* stringsIn(entry.value);
}

function rootOf(document: Node): MapNode | undefined {
  const root = dereference(document);
  return root?.kind === "map" ? root : undefined;
}

function readOrNone(text: string): Node[] {
  try {
    return readYaml(text);
  } catch (error) {
    if (error instanceof SyntaxProblem) return [];
    throw error;
  }
}

/** A path from a folder, without `.` and what `..` undoes; undefined for one of another machine. */
function joinPath(folder: string, path: string): string | undefined {
  if (/:\/\/|^git@|\?ref=|^github\.com\/|^\//.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of [...folder.split("/"), ...path.split("/")]) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/** The image names, without version, in all that a kustomization pulls in: files, other kustomizations, patches. */
class PulledIn {
  readonly names = new Set<string>();
  private readonly seen = new Set<string>();
  /** Whether there is more than is looked into. */
  isCut = false;

  constructor(
    document: Node,
    private readonly readFile: NonNullable<Surroundings["readFile"]>,
  ) {
    const open = [{ folder: "", document }];
    for (let next; (next = open.pop());) {
      for (const { folder, text } of this.read(next.folder, next.document)) {
        const [inner] = readOrNone(text);
        if (inner) open.push({ folder, document: inner });
      }
    }
  }

  /** Reads what a kustomization names, and yields other kustomizations. */
  private *read(folder: string, document: Node): Generator<{ folder: string; text: string }> {
    const root = rootOf(document);
    for (const key of root ? SOURCES : []) {
      const node = valueOf(root!, key);
      for (const source of node ? stringsIn(node) : []) {
        this.addNames(source);
        const path = source.includes("\n") ? undefined : joinPath(folder, source);
        if (path === undefined || this.seen.has(path)) continue;
        this.seen.add(path);
        if (this.seen.size > MAX_FILES) {
          this.isCut = true;
          return;
        }
        const text = path === "" ? undefined : this.readFile(path);
        if (text !== undefined) this.addNames(text);
        else yield* this.kustomizationOf(path);
      }
    }
  }

  private *kustomizationOf(folder: string): Generator<{ folder: string; text: string }> {
    for (const name of KUSTOMIZATION_FILES) {
      const text = this.readFile(folder === "" ? name : `${folder}/${name}`);
      if (text === undefined) continue;
      yield { folder, text };
      return;
    }
  }

  private addNames(text: string): void {
    for (const [, image = ""] of text.matchAll(NAMED)) {
      const read = readImageText(image);
      if (read.why === undefined) this.names.add(read.name);
    }
  }
}

/** What each kustomization pulls in: its entries ask for it one after the other. */
const pulledIn = new WeakMap<Node, PulledIn>();

function pulledInBy({ document, surroundings: { readFile } }: ReadingContext): PulledIn {
  let found = pulledIn.get(document);
  if (!found) {
    found = new PulledIn(document, readFile ?? (() => undefined));
    pulledIn.set(document, found);
  }
  return found;
}

/** The names of all entries of `images`. */
const entryNames = new WeakMap<Node, ReadonlySet<string | undefined>>();

function entryNamesOf(list: ListNode): ReadonlySet<string | undefined> {
  let names = entryNames.get(list);
  if (!names) {
    names = new Set(
      list.items
        .map(dereference)
        .map((item) => (item?.kind === "map" ? textOf(valueOf(item, "name")) : undefined)),
    );
    entryNames.set(list, names);
  }
  return names;
}

type Values = readonly (readonly [key: string, value: string | undefined])[];

/** An entry of `images` with what is needed to edit it. */
class ImageEntry {
  constructor(
    private readonly text: string,
    private readonly map: MapNode,
    private readonly list: ListNode,
  ) {}

  value(key: string): string | undefined {
    return textOf(valueOf(this.map, key));
  }

  /** The site of a key's value; undefined where it is not written in the entry, on one line. */
  site(key: string): Site | undefined {
    const node = this.map.entries.find((entry) => entry.key === key)?.value;
    if (node?.kind !== "scalar" || node.value === null || node.tag !== undefined) return undefined;
    const excerpt = node.excerpt();
    const value = node.value.trim();
    if (!excerpt || value === "" || /[\r\n]/.test(value)) return undefined;
    const from = excerpt.text.indexOf(value);
    return siteIn(excerpt, from, from + value.length);
  }

  get version(): string {
    const [tag, digest] = [this.value("newTag"), this.value("digest")];
    return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  }

  private pair(key: string, value: string): string {
    return pairIn(this.text, this.map, key, quoted(key, value));
  }

  private pairs(values: Values): string[] {
    return values.flatMap(([key, value]) => (value === undefined ? [] : [this.pair(key, value)]));
  }

  /** Adds a key after `name`. */
  addKey(key: string, value: string): Edit | undefined {
    const site = this.site("name");
    return site && addedKey(this.text, this.map, { key: "name", end: site.end }, key, value);
  }

  /** Adds another entry beside this one. */
  addCopy(values: Values): Edit | undefined {
    const [first] = this.map.entries;
    const last = this.map.entries.at(-1);
    const lastSite = last && this.site(last.key);
    if (!first || !lastSite) return undefined;
    const at = this.map.flow ? this.map.start : first.keyStart;
    const pairs = this.pairs(values);
    const copy = `{ ${pairs.join(", ")} }`;
    if (this.list.flow) return { start: at, end: at, text: `${copy}, ` };
    const lead = this.text.slice(lineStart(this.text, at), at);
    if (this.map.flow) {
      // In a list in lines, only `- { … }` can be copied.
      if (!/^ *- +$/.test(lead)) return undefined;
      return { start: at, end: at, text: `${copy}${lineEnd(this.text, 0).newline}${lead}` };
    }
    // Only `- name: …`, each on lines of its own, can be copied line by line.
    if (!/^ *- +$/.test(lead)) return undefined;
    const { end, newline } = lineEnd(this.text, lastSite.end);
    const lines = pairs.map(
      (pair, index) => `${index === 0 ? lead : " ".repeat(lead.length)}${pair}`,
    );
    return { start: end, end, text: lines.map((line) => `${newline}${line}`).join("") };
  }
}

/** A value as YAML: a tag such as 1.25 would be a number without quotes. */
function quoted(key: string, value: string): string {
  return key === "newTag" ? JSON.stringify(value) : value;
}

/** The edit that adds an entry under an image's name in the cache, where resources will call it that. */
function copyEdits(
  entry: ImageEntry,
  list: ListNode,
  name: string,
  cacheName: string,
  newName: string | undefined,
  context: ReadingContext,
): readonly Edit[] | undefined {
  if (entryNamesOf(list).has(cacheName)) return [];
  const { names, isCut } = pulledInBy(context);
  if (!isCut && !names.has(name) && !names.has(cacheName)) return [];
  const copy = entry.addCopy([
    ["name", cacheName],
    ["newName", newName],
    ["newTag", entry.value("newTag")],
    ["digest", entry.value("digest")],
  ]);
  return copy && [copy];
}

/** The images of one entry. */
export function readKustomizeImage(node: Node, context: ReadingContext): Site[] {
  const root = rootOf(context.document);
  const images = root && valueOf(root, "images");
  const list = images && dereference(images);
  if (node.kind !== "map" || list?.kind !== "list") return [];
  const entry = new ImageEntry(context.text, node, list);
  const name = entry.value("name");
  const nameSite = entry.site("name");
  if (name === undefined || !nameSite) return [];
  const newName = entry.value("newName");
  const newNameSite = entry.site("newName");
  const unwritable = (site: Site, what: string): Site => ({
    ...site,
    leave: {
      why: "unwritable",
      reason: `${what} can't be added to an entry that is written like this`,
    },
  });
  // A copy is possible for every name, or for none.
  const canCopy = entry.addCopy([["name", ""]]) !== undefined;
  const needsCopy = () => pulledInBy(context).isCut || pulledInBy(context).names.has(name);

  if (newName === undefined) {
    const site: Site = { ...nameSite, image: `${name}${entry.version}` };
    if (!entry.addKey("newName", "")) return [unwritable(site, "newName")];
    if (!canCopy && needsCopy()) return [unwritable(site, "a second entry")];
    return [
      {
        ...site,
        edits: (cacheName) => [
          ...[entry.addKey("newName", cacheName)].filter((edit) => edit !== undefined),
          ...(copyEdits(entry, list, name, cacheName, undefined, context) ?? []),
        ],
      },
    ];
  }
  if (!newNameSite) return [];
  const { start, end } = newNameSite;
  const readNew = readImageText(newName);
  const ownVersion = readNew.why === undefined ? readNew.version : "";
  return [
    !canCopy && needsCopy()
      ? unwritable(nameSite, "a second entry")
      : {
          ...nameSite,
          onlyIfEdited: true,
          edits: (cacheName, cacheNameOf) => {
            const moved = cacheNameOf(newName);
            const copied = moved === undefined ? newName : `${moved}${ownVersion}`;
            return copyEdits(entry, list, name, cacheName, copied, context) ?? [];
          },
        },
    {
      ...newNameSite,
      image: ownVersion === "" ? `${newName}${entry.version}` : newName,
      edits: (cacheName) => [{ start, end, text: `${cacheName}${ownVersion}` }],
    },
  ];
}
