import { normalize } from "node:path/posix";
import { buildArgumentSite } from "./build-argument";
import { baseArguments, readDockerfile } from "./dockerfile";
import { Excerpt } from "./excerpt";
import type { Place, Reading } from "./format";
import { readHcl } from "./hcl";
import { hostedSites, looksHosted } from "./hosted";
import { readImageMap } from "./image-map";
import { looksLikeImage, mayBeImage } from "./image-text";
import { readJson } from "./json";
import { readKustomizeImage } from "./kustomize";
import { onlyIfLikely } from "./likely";
import { isOfficial } from "./official";
import type { Match } from "./path";
import { siteIn, sitesIn, type Site } from "./site";
import type { ReadFile, ReadingContext } from "./reading-context";
import { isTemplate, readPatterns, yamlTemplate } from "./patterns";
import { readTemplate } from "./template";
import { readTerraformJson } from "./terraform-json";
import {
  dereference,
  entriesOf,
  type MapNode,
  type Node,
  type ScalarNode,
  SyntaxProblem,
  textOf,
  valueOf,
} from "./tree";
import { readYaml } from "./yaml";

/** Reads the value at a place. */
type Read = (
  match: Match,
  place: Pick<Place, "builtBy" | "format">,
  context: ReadingContext,
) => void;

/** Tags of strings that read as they are written; with CloudFormation's `!Sub`, except for their variables. */
const TEXT_TAGS = new Set(["!", "!!str", "!Sub"]);

/** The place of a scalar that names an image; undefined for one that can't. */
function siteOfScalar(scalar: ScalarNode): Site | undefined {
  const { value, tag, start } = scalar;
  if (tag !== undefined && !TEXT_TAGS.has(tag))
    return decidedBy(`${tag} ${value ?? ""}`.trim(), start);
  const image = value?.trim() ?? "";
  if (image === "" || !scalar.isText) return undefined;
  const excerpt = scalar.excerpt();
  if (excerpt && !image.includes("\n")) {
    const from = excerpt.text.indexOf(image);
    if (from >= 0) return siteIn(excerpt, from, from + image.length);
  }
  return {
    start,
    end: start,
    image,
    leave: { why: "unwritable", reason: "it is written over several lines" },
  };
}

/** The site of an expression where an image name belongs. */
function decidedBy(expression: string, start: number): Site {
  return {
    start,
    end: start,
    image: expression,
    leave: { why: "variable", reason: `${expression} decides which image it is` },
  };
}

/** CloudFormation's functions in their long form: a map of one key. */
function intrinsicOf(map: MapNode): { name: string; value: Node } | undefined {
  const [entry, ...others] = map.entries;
  return entry && others.length === 0 && /^(Ref|Condition|Fn::\w+)$/.test(entry.key)
    ? { name: entry.key, value: entry.value }
    : undefined;
}

/** The first item of what `Fn::Sub` has; the others are its variables. */
function templateOf(node: Node): Node | undefined {
  const value = dereference(node);
  return value?.kind === "list" ? value.items[0] : node;
}

/** The sites of an image name: a string, or one that CloudFormation fills in or chooses. */
function sitesOf(node: Node, context: ReadingContext): Site[] {
  const value = dereference(node);
  if (!value) return [];
  const all = (nodes: readonly (Node | undefined)[]) =>
    nodes.flatMap((one) => (one ? sitesOf(one, context) : []));
  const decided = (by: string) => [decidedBy(by, value.start)];
  if (value.kind === "scalar") {
    const site = siteOfScalar(value);
    const parameter = value.tag === "!Ref" ? value.value : parameterOf(site?.image ?? "");
    const fallback = parameter ? parameterDefault(parameter, context) : undefined;
    return [fallback ?? site].filter((found) => found !== undefined);
  }
  if (value.kind === "list") {
    if (value.tag === "!Sub") return all(value.items.slice(0, 1));
    if (value.tag === "!If") return all(value.items.slice(1));
    return value.tag === undefined ? [] : decided(value.tag);
  }
  const intrinsic = intrinsicOf(value);
  if (!intrinsic) return value.tag === undefined ? [] : decided(value.tag);
  const { name, value: inner } = intrinsic;
  if (name === "Fn::Sub") return all([templateOf(inner)]);
  const choices = dereference(inner);
  if (name === "Fn::If" && choices?.kind === "list") return all(choices.items.slice(1));
  const parameter = name === "Ref" ? textOf(inner) : undefined;
  const fallback = parameter === undefined ? undefined : parameterDefault(parameter, context);
  return fallback ? [fallback] : decided(name);
}

/** The parameter that is a whole image name, or all of one but the tag: `${Repository}:${Tag}`. */
function parameterOf(image: string): string | undefined {
  return /^\$\{(\w+)\}(?:$|[:@])/.exec(image)?.[1];
}

/** The default of a parameter of a CloudFormation template: what is pulled unless somebody says otherwise, as with `ARG`. */
function parameterDefault(name: string, { document }: ReadingContext): Site | undefined {
  const root = dereference(document);
  const parameters = root?.kind === "map" ? valueOf(root, "Parameters") : undefined;
  const all = parameters && dereference(parameters);
  const parameter = all?.kind === "map" ? valueOf(all, name) : undefined;
  const map = parameter && dereference(parameter);
  const fallback = map?.kind === "map" ? valueOf(map, "Default") : undefined;
  const scalar = fallback && dereference(fallback);
  return scalar?.kind === "scalar" ? siteOfScalar(scalar) : undefined;
}

/** Reads an image name, and lets `adapt` say what of it; undefined drops it. */
function readName(adapt: (site: Site, context: ReadingContext) => Site | undefined): Read {
  return (match, { builtBy }, context) => {
    const scalar = dereference(match.node);
    const isBuilt = builtBy !== undefined && match.around && valueOf(match.around, builtBy);
    for (const found of sitesOf(match.node, context)) {
      const site = adapt(found, context);
      if (!site) continue;
      if (isBuilt) context.addBuilt(site);
      else if (match.node.kind === "alias" && scalar?.kind === "scalar")
        context.addAliased(scalar, site);
      else context.add(site);
    }
  };
}

/** Keys of what is written for people. */
const PROSE = /^(description|message|summary|notes?|title)$/i;

const readHosted: Read = ({ node, key }, _place, context) => {
  // The target of an alias is read where it is written.
  if (node.kind !== "scalar" || !node.isText || PROSE.test(key ?? "")) return;
  if (!node.value?.includes("/")) return;
  const excerpt = node.excerpt();
  if (!excerpt) return;
  for (const site of hostedSites(excerpt.text)) {
    for (const one of sitesIn(excerpt, [site])) context.add(one);
  }
};

/** What is a number, a version or a switch, whatever it is called. */
const NUMBER = /^(v?[\d.]+|true|false)$/;

/** What people call values that are image names. */
const IMAGE_NAME = /(^|[^a-z])images?(_?(name|ref|uri|url))?(_|$)|Image$/i;

const readNamed: Read = ({ node }, place, context) => {
  const map = dereference(node);
  if (map?.kind !== "map" || !IMAGE_NAME.test(textOf(valueOf(map, "name")) ?? "")) return;
  for (const key of ["value", "default"]) {
    const value = valueOf(map, key);
    if (value?.kind === "scalar") {
      readings["unhosted-image"]({ node: value, around: map, key }, place, context);
    }
  }
};

/** The names in a string, in lines or with commas, or in a list. */
function readBuilt(builds: NonNullable<Site["builds"]>): Read {
  const read: Read = ({ node }, place, context) => {
    const value = dereference(node);
    if (value?.kind === "list") {
      for (const item of value.items) read({ node: item }, place, context);
    } else if (value?.kind === "scalar") {
      for (const image of (value.value ?? "").split(/[\s,]+/)) {
        if (image !== "")
          context.addBuiltName({ start: value.start, end: value.start, image, builds });
      }
    }
  };
  return read;
}

const readContexts: Read = ({ node }, place, context) => {
  const map = dereference(node);
  if (map?.kind !== "map") return;
  for (const { key, keyStart, value } of entriesOf(map)) {
    if (!URL.test(textOf(value) ?? "")) {
      context.addBuiltName({ start: keyStart, end: keyStart, image: key, builds: "tag" });
    }
    readings["image-url"]({ node: value, around: map, key }, place, context);
  }
};

function strayReason({ document }: ReadingContext): string {
  const kind = document.kind === "map" ? textOf(valueOf(document, "kind")) : undefined;
  return kind === undefined
    ? "no format with images at this place is known here"
    : `no path to images of the kind ${kind} is known here`;
}

/** Reads a string by another reader, which does not know where it is written. */
function readText(read: (text: string, context: ReadingContext, format?: string) => Site[]): Read {
  return ({ node }, { format }, context) => {
    // The target of an alias is read where it is written.
    if (node.kind !== "scalar" || node.value === null) return;
    const excerpt = node.excerpt();
    if (!excerpt) return;
    try {
      for (const site of sitesIn(excerpt, read(excerpt.text, context, format))) context.add(site);
    } catch (error) {
      // A string that is not YAML or JSON is not a problem of the file that it is in.
      if (!(error instanceof SyntaxProblem)) throw error;
    }
  };
}

/** The arguments that decide what the Dockerfile of a Compose service is built from; undefined if it is not known. */
function knownArguments(
  build: MapNode | undefined,
  { surroundings }: ReadingContext,
): ReadonlySet<string> | undefined {
  if (!build) return undefined;
  const inline = textOf(valueOf(build, "dockerfile_inline"));
  if (inline !== undefined) return baseArguments(inline);
  const context = textOf(valueOf(build, "context")) ?? ".";
  const dockerfile = textOf(valueOf(build, "dockerfile")) ?? "Dockerfile";
  const { readFile } = surroundings;
  return readFile && argumentsOfFile(readFile, normalize(`${context}/${dockerfile}`));
}

/** The arguments of the Dockerfiles that a file has asked for: many services may be built from one. */
const argumentsOfFiles = new WeakMap<ReadFile, Map<string, ReadonlySet<string> | undefined>>();

function argumentsOfFile(readFile: ReadFile, path: string): ReadonlySet<string> | undefined {
  const known =
    argumentsOfFiles.get(readFile) ?? new Map<string, ReadonlySet<string> | undefined>();
  argumentsOfFiles.set(readFile, known);
  if (!known.has(path)) {
    const text = readFile(path);
    known.set(path, text === undefined ? undefined : baseArguments(text));
  }
  return known.get(path);
}

const readBuildArguments: Read = ({ node, around }, _place, context) => {
  const value = dereference(node);
  const known = knownArguments(around, context);
  const read = (name: string, site: Site | undefined) => {
    const found = site && buildArgumentSite(name, site, known);
    if (found) context.add(found);
  };
  if (value?.kind === "map") {
    for (const { key, value: argument } of entriesOf(value)) {
      if (argument.kind === "scalar") read(key, siteOfScalar(argument));
    }
  } else if (value?.kind === "list") {
    for (const item of value.items) {
      const excerpt = item.kind === "scalar" ? item.excerpt() : undefined;
      const equals = excerpt?.text.indexOf("=") ?? -1;
      if (excerpt && equals > 0) {
        read(excerpt.text.slice(0, equals), siteIn(excerpt, equals + 1));
      }
    }
  }
};

function readCommands(node: Node, context: ReadingContext): void {
  const value = dereference(node);
  if (value?.kind === "list") {
    for (const item of value.items) readCommands(item, context);
  } else if (value?.kind === "scalar" && node.kind === "scalar") {
    const excerpt = value.excerpt();
    if (excerpt) context.commands.read(excerpt);
  }
}

/** A string in Terraform's JSON that is an expression, such as `${jsonencode([…])}`. */
function readExpression(text: string, expression: string): Site[] {
  const excerpt = Excerpt.of([
    { start: 0, text: "expression = ", length: 0 },
    { start: text.indexOf(expression), text: expression },
  ]);
  return sitesIn(
    excerpt,
    readHcl(excerpt.text, () => []),
  );
}

const URL = /^docker(-image)?:\/\//;

/** Every way to read a place. */
export const readings: Readonly<Record<Reading, Read>> = {
  image: readName((site) => site),
  "likely-image": readName(onlyIfLikely),
  "stray-image": readName((site, context) =>
    looksLikeImage(site.image) || isOfficial(site.image)
      ? { ...site, leave: { why: "ambiguous", reason: strayReason(context) } }
      : undefined,
  ),
  "hosted-image": readHosted,
  "unhosted-image": readName((site) =>
    site.leave || NUMBER.test(site.image) || !mayBeImage(site.image) || looksHosted(site.image)
      ? undefined
      : {
          ...site,
          leave: {
            why: "ambiguous",
            reason: "it has no registry, so that it may be something else",
          },
        },
  ),
  "named-image": readNamed,
  "built-image": readBuilt("tag"),
  "built-repository": readBuilt("every-tag"),
  "build-contexts": readContexts,
  "helm-values": ({ node }, _place, context) => context.readValues(node),
  "lambda-image": readName((site) => ({
    ...site,
    leave: { why: "lambda", reason: "Lambda can't pull an image through a cache" },
  })),
  "image-url": readName((site) => {
    const scheme = URL.exec(site.image)?.[0];
    if (scheme === undefined || site.leave) return undefined;
    const image = site.image.slice(scheme.length);
    return site.end - site.start === site.image.length
      ? { start: site.start + scheme.length, end: site.end, image }
      : {
          ...site,
          image,
          leave: { why: "unwritable", reason: "it is written with escapes" },
        };
  }),
  "image-map": (match, _place, context) => {
    for (const site of readImageMap(match, context)) context.add(site);
  },
  "kustomize-image": ({ node }, _place, context) => {
    for (const site of readKustomizeImage(node, context)) context.add(site);
  },
  "build-arguments": readBuildArguments,
  terraform: ({ node }, _place, context) =>
    readTerraformJson(node, (match, { reads, format, builtBy }) => {
      if (reads !== "nothing") readings[reads](match, { format, builtBy }, context);
    }),
  dockerfile: readText((text) => readDockerfile(text)),
  commands: ({ node }, _place, context) => readCommands(node, context),
  yaml: readText((text, context, format) => {
    if (format === undefined && !/image/i.test(text)) return [];
    const template = () => (isTemplate(text) ? readPatterns(text, yamlTemplate) : []);
    try {
      const sites = readYaml(text).flatMap((one) => context.readWithin(text, one, format));
      // A template may be YAML all the same, or be a string in YAML once more.
      return sites.length > 0 ? sites : template();
    } catch (error) {
      if (error instanceof SyntaxProblem) return template();
      throw error;
    }
  }),
  json: readText((text, context, format) => {
    const expression = /^\s*\$\{(.*)\}\s*$/s.exec(text)?.[1];
    if (expression !== undefined) return readExpression(text, expression);
    return readTemplate(text, (json) => {
      const document = readJson(json);
      return document ? context.readWithin(json, document, format) : [];
    });
  }),
};
