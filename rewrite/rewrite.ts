import { readDockerfile } from "./dockerfile";
import { HostedNames } from "./elsewhere";
import { formatNames, formatsWith, type ImagePath } from "./formats";
import { readHcl } from "./hcl";
import { type Ignored, ignoredIn } from "./ignore-comment";
import { readJson } from "./json";
import { applyEdits, type Mapper, orderEdits, type Reference, resolveSites } from "./reference";
import type { Edit, Site } from "./site";
import type { Surroundings } from "./reading-context";
import {
  isTemplate,
  jsonTemplate,
  readPatterns,
  textFormatNames,
  textFormatOf,
  yamlTemplate,
} from "./patterns";
import { readScript } from "./script";
import { FormatTable, readDocuments } from "./structured";
import { readTemplate } from "./template";
import { type Node, SyntaxProblem } from "./tree";
import { readYaml } from "./yaml";

/*
 * Text in, text out: the images that a file names, and the file with those that a cache has under their names there.
 */

/** A syntax: which files are written in it, and how they are read. */
interface Syntax {
  readonly name: string;
  /** The form of the file's path. */
  readonly file: RegExp;
  /** What a file must mention to name an image, so that all others need not be read; undefined for none. */
  readonly mentions?: RegExp;
  /** @param mentions What a part of the file must mention to be of interest, where that is known. */
  readonly read: (
    text: string,
    surroundings: Surroundings,
    table: FormatTable,
    mentions?: RegExp,
  ) => Site[];
}

const readYamlFile: Syntax["read"] = (text, surroundings, table, mentions) =>
  readDocuments(text, readYaml(text, mentions), surroundings, table);

function readJsonFile(text: string, surroundings: Surroundings, table: FormatTable): Site[] {
  // A byte order mark is not JSON.
  const document = text.startsWith("\ufeff") ? readJson(text.slice(1), 1) : readJson(text);
  return document ? readDocuments(text, [document], surroundings, table) : [];
}

const readHclFile: Syntax["read"] = (text, surroundings, table) =>
  readHcl(text, (kind, inner, format) => {
    try {
      const documents = kind === "yaml" ? readYaml(inner) : [readJson(inner)];
      return documents
        .filter((document): document is Node => document !== undefined)
        .flatMap((document) => table.read(inner, document, surroundings, format));
    } catch (error) {
      // Terraform may fill in so much that what is left is neither.
      if (error instanceof SyntaxProblem) return [];
      throw error;
    }
  });

/** What a file mentions of images whose place its name does not reveal. */
const MENTIONS =
  /image|docker|container|quay\.io|ghcr\.io|ecr\.aws|registry\.k8s|registry\.gitlab|cgr\.dev/i;

const readYamlFileOrTemplate: Syntax["read"] = (text, surroundings, table, mentions) => {
  try {
    return readYamlFile(text, surroundings, table, mentions);
  } catch (error) {
    if (!(error instanceof SyntaxProblem) || !isTemplate(text)) throw error;
    return readPatterns(text, yamlTemplate);
  }
};

const readJsonFileOrTemplate: Syntax["read"] = (text, surroundings, table) => {
  try {
    return readJsonFile(text, surroundings, table);
  } catch (error) {
    if (!(error instanceof SyntaxProblem) || !JSON_PLACEHOLDER.test(text)) throw error;
    return readPatterns(text, jsonTemplate);
  }
};

/** What is filled in outside of strings, where JSON has values. */
const JSON_PLACEHOLDER = /\{\{|\{%|<%|[:,[]\s*[$<@%]/;

/** The syntaxes. A file is of the first whose form its path has. */
const syntaxes: readonly Syntax[] = [
  {
    name: "dockerfile",
    file: /(^|\/)((Dockerfile|Containerfile)([._-](?!dockerignore$|md$|txt$)[^/]*)?|[^/]+\.(Dockerfile|Containerfile)(\.(j2|tmpl|template|in|erb))?)$/i,
    read: readDockerfile,
  },
  { name: "json", file: /\.jsonc?$/i, mentions: MENTIONS, read: readJsonFileOrTemplate },
  {
    name: "json-template",
    file: /\.json\.(tpl|tftpl)$/i,
    mentions: MENTIONS,
    read: (text, surroundings, table) =>
      readTemplate(text, (json) => readJsonFile(json, surroundings, table)),
  },
  {
    name: "yaml",
    file: /\.ya?ml$|(^|\/)Kustomization$/i,
    mentions: MENTIONS,
    read: readYamlFileOrTemplate,
  },
  {
    name: "script",
    file: /(^|\/)((GNU)?[Mm]akefile([._-][^/]*)?|[^/]+\.(sh|bash|zsh|ksh|mk))$/,
    mentions: MENTIONS,
    read: readScript,
  },
  { name: "hcl", file: /\.(tf|tofu|tfvars|hcl|nomad)$/i, mentions: MENTIONS, read: readHclFile },
];

/** Every format that images are found in, by name: docs/images.md describes each. */
export const knownFormats: readonly string[] = [
  ...syntaxes.map(({ name }) => name).filter((name) => !/^(json|yaml)/.test(name)),
  ...formatNames,
  ...textFormatNames,
];

/** The result for a file. */
export type Rewritten =
  | {
      readonly references: readonly Reference[];
      /** The edits of all references, in the order of the text. */
      readonly edits: readonly Edit[];
      /** The text with the edits applied: the same one, if there are none. */
      readonly text: string;
      /** The sites that name what is built, for the other files of the code base. */
      readonly built: readonly Site[];
      readonly problem?: undefined;
    }
  | {
      /** Why the file could not be read, and where. */
      readonly problem: {
        readonly reason: string;
        readonly line: number;
        readonly column: number;
        /** Whether the file's name alone says that it names images. */
        readonly isExpected: boolean;
      };
    };

/** What to look for, and what to replace it by. */
export interface RewriterOptions {
  readonly mapper: Mapper;
  /** Where kinds of Kubernetes resources name images, besides those that are known. Default: nowhere. */
  readonly imagePaths?: readonly ImagePath[];
  /** Whether strings in programs are read, such as those of Testcontainers. Default: false. */
  readonly includeSource?: boolean;
}

/** Finds and rewrites image names. */
export class Rewriter {
  private readonly mapper: Mapper;
  private readonly table: FormatTable;
  private readonly hosted: HostedNames;
  private readonly includesSource: boolean;
  /** The kinds of `imagePaths`: a file that mentions one is read. */
  private readonly kinds: readonly string[];

  constructor({ mapper, imagePaths = [], includeSource = false }: RewriterOptions) {
    this.includesSource = includeSource;
    this.mapper = mapper;
    this.hosted = new HostedNames(mapper.hosts);
    this.table = new FormatTable(formatsWith(imagePaths));
    this.kinds = imagePaths.map(({ kind }) => kind);
  }

  /** Whether a file is of a syntax in which images are named, by its path. */
  isCandidate(path: string): boolean {
    return syntaxOf(path) !== undefined || textFormatOf(path, this.includesSource) !== undefined;
  }

  /**
   * The images of a text, and the text rewritten.
   *
   * @param insist Whether a file that can't be read is a problem even if nothing says that it names an image.
   */
  rewrite(text: string, surroundings: Surroundings, insist = false): Rewritten {
    try {
      const sites = this.sitesOf(text, surroundings, insist);
      const elsewhere = this.hosted.sites(text, sites);
      const all =
        elsewhere.length === 0 ? sites : [...sites, ...elsewhere].sort((a, b) => a.start - b.start);
      const resolved = resolveSites(text, all, this.mapper);
      const ignored = ignoredIn(text);
      const references = ignored ? resolved.map((one) => exempt(one, ignored)) : resolved;
      const edits = orderEdits(references.flatMap((reference) => reference.edits));
      return {
        references,
        edits,
        text: edits.length === 0 ? text : applyEdits(text, edits),
        built: sites.filter(({ builds }) => builds !== undefined),
      };
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      const syntax = syntaxOf(surroundings.path)!;
      return {
        problem: {
          reason: reasonOf(error, syntax),
          ...placeOf(text, error.offset),
          isExpected: this.table.knowsName(surroundings.path),
        },
      };
    }
  }

  /** The names in a text that begin with the host of a registry, whatever its format is. */
  elsewhere(text: string): readonly Reference[] {
    return resolveSites(text, this.hosted.sites(text, []), this.mapper);
  }

  private sitesOf(text: string, surroundings: Surroundings, insist: boolean): Site[] {
    const { path } = surroundings;
    const syntax = syntaxOf(path);
    if (!syntax) {
      const format = textFormatOf(path, this.includesSource);
      return format ? readPatterns(text, format) : [];
    }
    const { mentions } = syntax;
    // By its name or by what was asked for, a file may be of interest whatever it mentions.
    const anyhow = this.table.knowsName(path) || this.kinds.some((kind) => text.includes(kind));
    if (!anyhow && !insist && mentions && !mentions.test(text)) return [];
    return syntax.read(text, surroundings, this.table, anyhow ? undefined : mentions);
  }
}

function syntaxOf(path: string): Syntax | undefined {
  return syntaxes.find(({ file }) => file.test(path));
}

function reasonOf(problem: SyntaxProblem, { name }: Syntax): string {
  const language = name === "hcl" ? "HCL" : name.replace(/-.*/, "").toUpperCase();
  return `invalid ${language}: ${problem.message}`;
}

/** A reference, left alone if a comment says so. */
function exempt(reference: Reference, { isFile, lines }: Ignored): Reference {
  if (!isFile && !lines.has(reference.line)) return reference;
  const reason = `a comment says \`ecr-cache: ${isFile ? "ignore-file" : "ignore"}\``;
  return { ...reference, cacheUri: null, why: "ignored", reason, edits: [] };
}

function placeOf(text: string, offset = 0): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
