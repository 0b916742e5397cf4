import { CommandReader } from "./commands";
import type { Format, Place } from "./format";
import { leadsSomewhere, type Match, parsePath, type Path, PathSet } from "./path";
import type { ReadingContext, Surroundings } from "./reading-context";
import { readings } from "./readings";
import type { Site } from "./site";
import { dereference, type Node, type ScalarNode, textOf, valueOf } from "./tree";

/*
 * The engine for YAML and JSON: images at the places that a document's format names.
 */

/** Places of units that have the same in common. */
interface PlaceGroup {
  readonly where: readonly (readonly [key: string, form: RegExp])[];
  readonly places: Place[];
}

/** The places of a unit, and the paths to them, in the same order. */
interface UnitPlaces {
  readonly places: readonly Place[];
  readonly paths: PathSet;
}

interface CompiledFormat {
  readonly format: Format;
  readonly units: readonly PathSet[];
  readonly groups: readonly PlaceGroup[];
  /** By the numbers of the groups that fit: units of one kind are many. */
  readonly unitPlaces: Map<string, UnitPlaces>;
  readonly recognised: readonly {
    readonly file?: RegExp;
    readonly has: readonly { readonly path: Path; readonly like?: RegExp }[];
  }[];
}

/** A format that a file may be of, as far as its name goes, and what its documents must have. */
interface Candidate {
  readonly format: CompiledFormat;
  readonly has: CompiledFormat["recognised"][number]["has"];
}

/** A table of formats, ready for use. The first that a document is recognised as is its format. */
export class FormatTable {
  private readonly formats: readonly CompiledFormat[];
  /** What may be recognised in the file that was last asked for, by its name. */
  private possible: { readonly path: string; readonly recognitions: readonly Candidate[] } = {
    path: "",
    recognitions: [],
  };

  constructor(formats: readonly Format[]) {
    this.formats = formats.map((format) => ({
      format,
      units: (format.units ?? [""]).map((unit) => new PathSet([parsePath(unit)])),
      groups: groupPlaces(format.places),
      unitPlaces: new Map<string, UnitPlaces>(),
      recognised: format.recognised.map(({ file, has = [] }) => ({
        file,
        has: has.map((condition) =>
          typeof condition === "string"
            ? { path: parsePath(condition) }
            : { path: parsePath(condition.at), like: condition.like },
        ),
      })),
    }));
  }

  /** The format of a document. */
  private recognise(path: string, document: Node): CompiledFormat | undefined {
    return this.candidates(path).find(({ has }) =>
      has.every(({ path: at, like }) =>
        leadsSomewhere(document, at, (node) => like?.test(textOf(node) ?? "") ?? true),
      ),
    )?.format;
  }

  private candidates(path: string): readonly Candidate[] {
    if (this.possible.path !== path) {
      const recognitions = this.formats.flatMap((format) =>
        format.recognised
          .filter(({ file }) => file?.test(path) ?? true)
          .map(({ has }) => ({ format, has })),
      );
      this.possible = { path, recognitions };
    }
    return this.possible.recognitions;
  }

  /**
   * The images of a document.
   *
   * @param format Its format. Default: it is recognised.
   */
  read(text: string, document: Node, surroundings: Surroundings, format?: string): Site[] {
    const compiled =
      format === undefined ? this.recognise(surroundings.path, document) : this.named(format);
    return compiled ? new DocumentReader(text, document, surroundings, this).read(compiled) : [];
  }

  /** @throws if there is no format of that name: the table refers to one that it does not have. */
  private named(name: string): CompiledFormat {
    const found = this.formats.find(({ format }) => format.name === name);
    if (!found) throw new Error(`no format is named ${name}`);
    return found;
  }

  /** Whether a file's name alone says of which format it is: then it is expected to be readable. */
  knowsName(path: string): boolean {
    return this.formats.some(({ recognised }) =>
      recognised.some(({ file, has }) => has.length === 0 && file?.test(path)),
    );
  }
}

/** Places that ask the same of their unit, in the order in which they first appear. */
function groupPlaces(places: readonly Place[]): PlaceGroup[] {
  const groups = new Map<string, PlaceGroup>();
  for (const place of places) {
    const where = Object.entries(place.where ?? {});
    const key = where.join();
    const group = groups.get(key) ?? { where, places: [] };
    group.places.push(place);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Whether the places of a group are a unit's. */
function fits(unit: Node, { where }: PlaceGroup): boolean {
  if (where.length === 0) return true;
  const map = dereference(unit);
  return (
    map?.kind === "map" && where.every(([key, form]) => form.test(textOf(valueOf(map, key)) ?? ""))
  );
}

/** The places of a unit: those of every group that it fits. */
function placesOf(unit: Node, { groups, unitPlaces }: CompiledFormat): UnitPlaces {
  const fitting = groups.flatMap((group, at) => (fits(unit, group) ? [at] : []));
  const key = fitting.join();
  let found = unitPlaces.get(key);
  if (!found) {
    const places = fitting.flatMap((at) => groups[at]!.places);
    found = { places, paths: new PathSet(places.map(({ at }) => parsePath(at))) };
    unitPlaces.set(key, found);
  }
  return found;
}

/** Whether what a place asks for is beside a value. */
function isBeside({ around }: Match, { beside }: Place): boolean {
  return (
    beside === undefined ||
    (around !== undefined &&
      Object.entries(beside).every(([key, form]) => form.test(textOf(valueOf(around, key)) ?? "")))
  );
}

class DocumentReader implements ReadingContext {
  private readonly sites = new Map<number, Site>();
  /** The anchored scalars that are an image where an alias refers to them, and how often. */
  private readonly aliased = new Map<ScalarNode, { uses: number; site: Site }>();
  private readonly builtNames: Site[] = [];
  readonly commands = new CommandReader();

  constructor(
    readonly text: string,
    readonly document: Node,
    readonly surroundings: Surroundings,
    private readonly table: FormatTable,
  ) {}

  add(site: Site): void {
    // The first to find a place decides what it is.
    if (!this.sites.has(site.start)) this.sites.set(site.start, site);
  }

  addAliased(scalar: ScalarNode, site: Site): void {
    const uses = (this.aliased.get(scalar)?.uses ?? 0) + 1;
    this.aliased.set(scalar, { uses, site });
  }

  addBuilt(site: Site): void {
    this.add({
      ...site,
      builds: "tag",
      leave: site.leave ?? { why: "built-here", reason: "it names what is built here" },
    });
  }

  addBuiltName(site: Site): void {
    this.builtNames.push(site);
  }

  readValues(node: Node): void {
    // The path of a file is that of a chart's values only where the file is nothing else.
    const surroundings = { ...this.surroundings, path: "" };
    const sites = this.table.read(this.text, node, surroundings, "helm-values");
    for (const site of sites) this.add(site);
  }

  readWithin(text: string, document: Node, format?: string): Site[] {
    // The file's name says nothing of a string in it.
    return this.table.read(text, document, { ...this.surroundings, path: "" }, format);
  }

  read(format: CompiledFormat): Site[] {
    for (const unitPath of format.units) {
      unitPath.follow(this.document, ({ node: unit }) => {
        const { places, paths } = placesOf(unit, format);
        paths.follow(unit, (match, at) => {
          const place = places[at]!;
          if (isBeside(match, place)) readings[place.reads ?? "image"](match, place, this);
        });
      });
    }
    for (const site of this.commands.sites()) this.add(site);
    this.settleAliases();
    return [...this.sites.values(), ...this.builtNames];
  }

  /** An anchored name is changed where it is written, if every alias of it is an image. */
  private settleAliases(): void {
    for (const [{ anchor }, { uses, site }] of this.aliased) {
      if (!anchor) continue;
      const isForAliases = /^(x-|\.)/.test(anchor.rootKey ?? "");
      if (uses === anchor.uses && (isForAliases || this.sites.has(site.start))) {
        this.add(site);
      } else {
        this.sites.set(site.start, {
          ...site,
          leave: {
            why: "ambiguous",
            reason: `the anchor &${anchor.name} is used for something else too`,
          },
        });
      }
    }
  }
}

/** Every image that the documents of a file name, in the order of the text. */
export function readDocuments(
  text: string,
  documents: readonly Node[],
  surroundings: Surroundings,
  table: FormatTable,
): Site[] {
  return documents
    .flatMap((document) => table.read(text, document, surroundings))
    .sort((a, b) => a.start - b.start);
}
