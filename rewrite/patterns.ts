import { CommandReader } from "./commands";
import { Excerpt } from "./excerpt";
import { hostedSites } from "./hosted";
import { looksLikeImage } from "./image-text";
import { onlyIfLikely } from "./likely";
import { type Site, sitesIn } from "./site";

/*
 * Texts that are read by patterns, because they are programs, templates or lists of variables, and not data: a new one is an entry
 * in the table at the end.
 */

/** A pattern of a text, with one of the groups `image`, `commands` and `hosted`. */
interface Pattern {
  /**
   * With the flag `d`. The group `image` is an image name; `likely`, one if it can be nothing else; `commands`, shell commands;
   * `hosted`, a string that may have a name with a registry.
   */
  readonly form: RegExp;
}

/** A kind of text, and the patterns by which images are found in it. */
export interface TextFormat {
  readonly name: string;
  readonly file: RegExp;
  readonly patterns: readonly Pattern[];
}

/** The longest string that is looked into, in characters. */
const STRING = "[^\\n]{0,2000}?";

const jenkinsfile: TextFormat = {
  name: "jenkinsfile",
  file: /(^|\/)[^/]*Jenkinsfile[^/]*$|\.jenkinsfile$/i,
  patterns: [
    {
      form: /\bdocker(?:Container)?\s*\{[^{}]{0,500}?\bimage\s*[( ]?\s*(["'])(?<image>[^"'\n]+)\1/dg,
    },
    { form: /\bdocker\s+(["'])(?<image>[^"'\n]+)\1/dg },
    { form: /\bdocker\.image\s*\(\s*(["'])(?<image>[^"'\n]+)\1/dg },
    { form: /\bcontainerTemplate\s*\([^()]{0,500}?\bimage:\s*(["'])(?<image>[^"'\n]+)\1/dg },
    { form: /^[ \t]*-?[ \t]*image:[ \t]*(?<image>[^\s"'{}()]+)[ \t]*$/dgm },
    { form: /\b(?:sh|bat)\s*\(?(?:\s*script:)?\s*("""|''')(?<commands>[^]{0,20000}?)\1/dg },
    {
      form: new RegExp(
        `\\b(?:sh|bat)\\s*\\(?(?:[ \\t]*script:)?[ \\t]*(["'])(?!\\1)(?<commands>${STRING})\\1`,
        "dg",
      ),
    },
  ],
};

const environmentFile: TextFormat = {
  name: "env",
  file: /(^|\/)([^/]*\.)?env(\.[^/]+)?$/,
  patterns: [
    {
      form: /^[ \t]*(?:export[ \t]+)?\w*IMAGE(?:_NAME|_REF|_URI)?[ \t]*=[ \t]*["']?(?<likely>[^\s"'#]+)/dgm,
    },
    { form: /^[ \t]*(?:export[ \t]+)?\w+[ \t]*=[ \t]*(?<hosted>.+)$/dgm },
  ],
};

/** YAML before it is filled in: literals where an image belongs, and defaults that are images. */
export const yamlTemplate: TextFormat = {
  name: "yaml-template",
  file: /\.(ya?ml|gotmpl)\.(j2|tpl|tmpl|tftpl|template|gotmpl|erb|in|mustache)$|(^|\/)templates\/[^/]*\.tpl$/i,
  patterns: [
    {
      form: /^[ \t]*(?:-[ \t]+)?["']?image["']?[ \t]*:[ \t]*(["']?)(?<image>[a-z0-9][^\s"'{}#,]*(?:\{\{[^{}\n]*\}\}[\w.-]*)*)\1[ \t]*(?:#.*)?\r?$/dgm,
    },
    { form: /\bdefault[ \t(]+(["'])(?<hosted>[^"'\n]+)\1/dg },
  ],
};

/** Whether a text has what template languages mark; `${{ }}` is part of values. */
export function isTemplate(text: string): boolean {
  return /(?<!\$)\{\{|\{%|<%[=-]?\s/.test(text);
}

/** JSON that is filled in by other means than Terraform's, so that it is not JSON before. */
export const jsonTemplate: TextFormat = {
  name: "json-placeholders",
  file: /\.json\.(j2|tmpl|template|erb|in|mustache)$/i,
  patterns: [{ form: /"[iI]mage"[ \t]*:[ \t]*"(?<likely>[^"\n]+)"/dg }],
};

/** Strings of programs, where they are asked for. */
const source: TextFormat = {
  name: "source",
  file: /\.(java|kts?|scala|groovy|[cm]?[jt]sx?|py|go|cs|rb|rs|php)$/i,
  patterns: [
    {
      form: /\b(?:\w*Container|DockerImageName\.parse|with_?[iI]mage|WithImage|from_?[iI]mage)\s*(?:::new)?(?:<[^<>()]*>)?\(\s*(["'])(?<likely>[^"'\n]+)\1/dg,
    },
    { form: /\bImage\s*[:=]\s*(["'])(?<likely>[^"'\n]+)\1/dg },
    { form: /(["'`])(?<hosted>[a-z0-9][\w-]*(?:\.[\w-]+)+(?::\d+)?\/[^\s"'`]+)\1/dg },
  ],
};

const textFormats: readonly TextFormat[] = [
  jenkinsfile,
  environmentFile,
  yamlTemplate,
  jsonTemplate,
];

/** The format of a file that is read by patterns. @param includeSource Whether programs are. */
export function textFormatOf(path: string, includeSource: boolean): TextFormat | undefined {
  return [...textFormats, ...(includeSource ? [source] : [])].find(({ file }) => file.test(path));
}

type Group = "image" | "likely" | "commands" | "hosted";

const readers: Readonly<Record<Group, (site: Site) => readonly Site[]>> = {
  image: (site) => [site],
  likely: (site) => [onlyIfLikely(site)].filter((likely) => likely !== undefined),
  hosted: (site) =>
    sitesIn(Excerpt.of([{ start: site.start, text: site.image }]), hostedSites(site.image)).filter(
      ({ image }) => looksLikeImage(image),
    ),
  commands: (site) => {
    const commands = new CommandReader();
    commands.read(Excerpt.of([{ start: site.start, text: site.image }]));
    return commands.sites();
  },
};

/** The images that patterns find in a text. The first to find a place decides what it is. */
export function readPatterns(text: string, { patterns }: TextFormat): Site[] {
  const sites = new Map<number, Site>();
  for (const { form } of patterns) {
    for (const { indices } of text.matchAll(form)) {
      for (const [group, span] of Object.entries(indices?.groups ?? {})) {
        // A group that did not take part in the match has no position.
        if (span === undefined) continue;
        const [start, end] = span;
        for (const site of readers[group as Group]({ start, end, image: text.slice(start, end) })) {
          const key = site.builds ? -site.start - 1 : site.start;
          if (!sites.has(key)) sites.set(key, site);
        }
      }
    }
  }
  return [...sites.values()].sort((a, b) => a.start - b.start);
}

/** The names of the texts that are read by patterns. */
export const textFormatNames: readonly string[] = [...textFormats, source].map(({ name }) => name);
