import { join } from "node:path/posix";
import type { ReadFile, Surroundings } from "./reading-context";
import { dereference, type MapNode, type Node, SyntaxProblem, textOf, valueOf } from "./tree";
import { readYaml } from "./yaml";

/*
 * What a Helm chart puts in front of a repository. A file that overrides some of a chart's values (`-f prod.yaml`, or the values
 * of a subchart in those of its parent) may have `repository` and `tag`, and leave `registry` to the chart: only the chart's own
 * values tell.
 */

/** What is in front of a repository that has no registry beside it. */
export type InFront =
  /** Nothing. */
  | { readonly kind: "nothing" }
  /** The `registry` that the chart has at this place: a file that overrides the repository can override it, too. */
  | { readonly kind: "registry"; readonly registry: string }
  /** It is not known, or can't be overridden at this place. */
  | { readonly kind: "unknown"; readonly reason: string };

/** How many folders above a file its chart is looked for in: `ci/values.yaml`, `values/prod/eu.yaml`. */
const MAX_FOLDERS_UP = 4;

/** How deeply charts are looked for in each other. */
const MAX_SUBCHARTS = 8;

/** The keys of a map that may be the registry of all images below it. */
const SHARED_REGISTRY = ["registry", "imageRegistry", "image_registry"];

/** Where values have the registry of all images of a chart and its subcharts. */
const GLOBAL_REGISTRY = [
  ["global", "imageRegistry"],
  ["global", "registry"],
  ["global", "image", "registry"],
  ["global", "hub"],
] as const;

function mapOf(node: Node | undefined): MapNode | undefined {
  const value = node && dereference(node);
  return value?.kind === "map" ? value : undefined;
}

function nodeAt(root: Node | undefined, keys: readonly string[]): Node | undefined {
  return keys.reduce<Node | undefined>((node, key) => {
    const map = mapOf(node);
    return map && valueOf(map, key);
  }, root);
}

function textAt(root: Node | undefined, keys: readonly string[]): string {
  return textOf(nodeAt(root, keys)) ?? "";
}

/** The registry that values have for all images, with its place; undefined for none. */
export function globalRegistry(values: Node | undefined): string | undefined {
  for (const keys of GLOBAL_REGISTRY) {
    const registry = textAt(values, keys);
    if (registry !== "") return `${keys.join(".")} (${registry})`;
  }
  return undefined;
}

/** The registry that values may have for all images in the maps around a place, with its place. */
function sharedRegistry(values: Node | undefined, keys: readonly string[]): string | undefined {
  for (let depth = keys.length - 1; depth >= 0; depth -= 1) {
    for (const key of SHARED_REGISTRY) {
      const path = [...keys.slice(0, depth), key];
      const registry = textAt(values, path);
      if (registry !== "") return `${path.join(".")} (${registry})`;
    }
  }
  return undefined;
}

/** The keys that lead to each map of a document; the items of lists have numbers. */
const placesOf = new WeakMap<Node, ReadonlyMap<Node, readonly string[]>>();

function keysTo(document: Node, wanted: MapNode): readonly string[] {
  let places = placesOf.get(document);
  if (!places) {
    const found = new Map<Node, readonly string[]>();
    const walk = (node: Node, keys: readonly string[]): void => {
      // What an alias leads to has the place where it is written.
      if (node.kind === "list") node.items.forEach((item, at) => walk(item, [...keys, String(at)]));
      else if (node.kind === "map") {
        found.set(node, keys);
        for (const { key, value } of node.entries) walk(value, [...keys, key]);
      }
    };
    walk(document, []);
    places = found;
    placesOf.set(document, places);
  }
  return places.get(wanted) ?? [];
}

/** A chart in a folder of the code base. */
interface Chart {
  /** From the folder of the file that is read. */
  readonly folder: string;
  readonly values: Node | undefined;
  /** The folders of its subcharts, by the key that their values have in this one's. */
  readonly subcharts: ReadonlyMap<string, string>;
}

class Charts {
  private readonly known = new Map<string, Chart | undefined>();

  constructor(private readonly readFile: ReadFile) {}

  private parse(file: string): Node | undefined {
    const text = this.readFile(file);
    if (text === undefined) return undefined;
    try {
      return readYaml(text)[0];
    } catch (error) {
      if (error instanceof SyntaxProblem) return undefined;
      throw error;
    }
  }

  /** The chart in a folder; undefined where there is none. */
  in(folder: string): Chart | undefined {
    if (!this.known.has(folder)) this.known.set(folder, this.read(folder));
    return this.known.get(folder);
  }

  private read(folder: string): Chart | undefined {
    const chart = this.parse(join(folder, "Chart.yaml"));
    if (!chart) return undefined;
    // Charts of version 1 have their dependencies in a file of their own.
    const list =
      nodeAt(chart, ["dependencies"]) ??
      nodeAt(this.parse(join(folder, "requirements.yaml")), ["dependencies"]);
    const items = list && dereference(list);
    const subcharts = new Map<string, string>();
    for (const item of items?.kind === "list" ? items.items : []) {
      const [name, alias] = [textAt(item, ["name"]), textAt(item, ["alias"])];
      const local = /^file:\/\/(.*)$/.exec(textAt(item, ["repository"]))?.[1];
      subcharts.set(alias || name, join(folder, local ?? `charts/${name}`));
    }
    return { folder, values: this.parse(join(folder, "values.yaml")), subcharts };
  }

  /** The chart whose values a key of another chart's values has, if it is a subchart's. */
  subchart({ folder, subcharts }: Chart, key: string): { readonly chart?: Chart } | undefined {
    const declared = subcharts.get(key);
    const chart = this.in(declared ?? join(folder, "charts", key));
    if (chart) return { chart };
    return declared === undefined ? undefined : {};
  }

  /** The chart that a values file is of: in its folder, or above it. */
  around(path: string): Chart | undefined {
    const depth = Math.min(path.split("/").length - 1, MAX_FOLDERS_UP);
    for (let up = 0; up <= depth; up += 1) {
      const chart = this.in("../".repeat(up) || ".");
      if (chart) return chart;
    }
    return undefined;
  }
}

/** The charts that a file has asked for: each of its images does. */
const chartsOf = new WeakMap<ReadFile, Charts>();

function unknown(reason: string): InFront {
  return { kind: "unknown", reason };
}

const REMEDY = "may put a registry in front; if it does not, write docker.io/ in front yourself";

/**
 * What a chart puts in front of a repository.
 *
 * @param document The values that the image is in.
 * @param image The map that has the repository.
 */
export function inFrontOf(document: Node, image: MapNode, surroundings: Surroundings): InFront {
  const { path, readFile } = surroundings;
  const charts = readFile && (chartsOf.get(readFile) ?? new Charts(readFile));
  if (charts) chartsOf.set(readFile, charts);
  // Values that are part of another document have no path: it says nothing of where their chart is.
  let chart = path === "" ? undefined : charts?.around(path);
  if (!charts || !chart) return unknown(`its chart, which is not in this code base, ${REMEDY}`);

  let isOwn = chart.folder === "." && /(^|\/)values\.ya?ml$/.test(path);
  const places = keysTo(document, image);
  let keys = places;
  const above: (Node | undefined)[] = [
    /(^|\/)charts\/[^/]+\/[^/]+$/.test(path) ? charts.in("../..")?.values : undefined,
    chart.values,
  ];
  for (let depth = 0; depth < MAX_SUBCHARTS && keys.length > 1; depth += 1) {
    const found = charts.subchart(chart, keys[0]!);
    if (!found) break;
    if (!found.chart) {
      return unknown(`the chart ${keys[0]}, which is not in this code base, ${REMEDY}`);
    }
    [chart, keys, isOwn] = [found.chart, keys.slice(1), false];
    above.push(chart.values);
  }
  for (const values of above) {
    const registry = globalRegistry(values);
    if (registry !== undefined) return unknown(`${registry} of its chart replaces the registry`);
  }
  const values = isOwn ? document : chart.values;
  const shared = sharedRegistry(values, keys) ?? sharedRegistry(document, places);
  if (shared !== undefined) return unknown(`its chart may put ${shared} in front`);
  if (isOwn) return { kind: "nothing" };
  const own = mapOf(nodeAt(values, keys));
  if (!own) return unknown(`its chart, whose own values have no image at this place, ${REMEDY}`);
  const registry = textAt(own, ["registry"]);
  return registry === "" ? { kind: "nothing" } : { kind: "registry", registry };
}

/** Whether values let Bitnami's charts take images by other names than their own. */
export function allowsOtherImages(document: Node): boolean {
  return textAt(document, ["global", "security", "allowInsecureImages"]) === "true";
}
