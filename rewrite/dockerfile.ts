import { Excerpt, type Piece } from "./excerpt";
import { readVariables } from "./image-text";
import { type Site, siteOfJoined } from "./site";

/*
 * The engine for Dockerfiles: where a build pulls images from. It reads what decides that as BuildKit does
 * (https://docs.docker.com/reference/dockerfile/): parser directives, instructions over several lines, flags, heredocs,
 * stages, and the arguments before the first FROM. The commands of RUN are not read.
 */

/** Some characters of an excerpt. */
interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const DIRECTIVE = /^[ \t]*#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.*)$/;
const KNOWN_DIRECTIVES = new Set(["syntax", "escape", "check"]);
const STAGE_NAME = /^[a-z][a-z0-9._-]*$/i;
const HEREDOC = /^\d*<<(-?)(['"]?)([^<'"\s]+)\2$/;

/** Reads a file line by line. */
class Lines {
  at: number;

  constructor(
    readonly text: string,
    start: number,
  ) {
    this.at = start;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The next line without its end, and where it begins. */
  next(): Piece {
    const start = this.at;
    const newline = this.text.indexOf("\n", start);
    const end = newline < 0 ? this.text.length : newline;
    this.at = newline < 0 ? end : newline + 1;
    const withoutReturn = end > start && this.text[end - 1] === "\r" ? end - 1 : end;
    return { start, text: this.text.slice(start, withoutReturn) };
  }
}

interface Directive {
  readonly value: string;
  readonly start: number;
}

/** The parser directives at the top of the file. The first line that is not one ends them. */
function readDirectives(lines: Lines): Map<string, Directive> {
  const directives = new Map<string, Directive>();
  while (!lines.done) {
    const before = lines.at;
    const { start, text } = lines.next();
    if (directives.size === 0 && text.startsWith("#!")) continue;
    const [, name, written] = DIRECTIVE.exec(text) ?? [];
    const key = name?.toLowerCase();
    const value = written?.trimEnd();
    if (key === undefined || value === undefined || !KNOWN_DIRECTIVES.has(key)) {
      lines.at = before;
      break;
    }
    if (directives.has(key)) break;
    const valueStart = text.indexOf(value, text.indexOf("=") + 1);
    directives.set(key, { value, start: start + valueStart });
  }
  return directives;
}

/** The words of a text from an index on: separated by space, with quotes and escapes respected. */
function readWords(text: string, start: number, escape: string): Word[] {
  const words: Word[] = [];
  let at = start;
  while (at < text.length) {
    if (isSpace(text[at]!)) {
      at += 1;
      continue;
    }
    const from = at;
    let quote = "";
    for (; at < text.length && (quote !== "" || !isSpace(text[at]!)); at += 1) {
      const character = text[at]!;
      if (character === escape && quote !== "'") at += 1;
      else if (quote === character) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
    }
    at = Math.min(at, text.length);
    words.push({ start: from, end: at, text: text.slice(from, at) });
  }
  return words;
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}

function isEmpty(line: string): boolean {
  return line.trimStart() === "";
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith("#");
}

/** The lines of one instruction, without what continues them; undefined for a comment or an empty line. */
function readInstruction(lines: Lines, escape: string): Piece[] | undefined {
  const first = lines.next();
  if (isEmpty(first.text) || isComment(first.text)) return undefined;
  const pieces: Piece[] = [];
  let line: Piece | undefined = first;
  while (line) {
    const end = continuationOf(line.text, escape);
    pieces.push(end < 0 ? line : { start: line.start, text: line.text.slice(0, end) });
    line = undefined;
    while (end >= 0 && !lines.done && !line) {
      const next = lines.next();
      // Comments and empty lines between the lines of an instruction are skipped.
      if (!isEmpty(next.text) && !isComment(next.text)) line = next;
    }
  }
  return pieces;
}

/** The index of the escape that continues a line; -1 if there is none. */
function continuationOf(line: string, escape: string): number {
  let at = line.length - 1;
  while (at >= 0 && isSpace(line[at]!)) at -= 1;
  // An escaped escape at the end of a line is one, and continues nothing.
  return at >= 0 && line[at] === escape && line[at - 1] !== escape ? at : -1;
}

function skipHeredocs(words: readonly Word[], lines: Lines): void {
  for (const word of words) {
    const [, dash, , name] = HEREDOC.exec(word.text) ?? [];
    if (name === undefined) continue;
    while (!lines.done) {
      const { text } = lines.next();
      if ((dash === "-" ? text.replace(/^\t+/, "") : text) === name) break;
    }
  }
}

/** A word without the quotes around it. Quotes inside a word, which hardly anyone writes, stay. */
function unquote(word: Word): Word {
  const quoted = /^(["'])(.*)\1$/s.exec(word.text);
  return quoted ? { start: word.start + 1, end: word.end - 1, text: quoted[2]! } : word;
}

/** Part of a word. */
function part(word: Word, from: number, to = word.text.length): Word {
  return { start: word.start + from, end: word.start + to, text: word.text.slice(from, to) };
}

/** The value of a flag such as `--from=nginx`. */
function copySource(flag: Word): Word | undefined {
  return flag.text.startsWith("--from=") ? unquote(part(flag, "--from=".length)) : undefined;
}

/** The value of `from` in a flag such as `--mount=type=bind,from=nginx,target=/x`. */
function mountSource(flag: Word): Word | undefined {
  if (!flag.text.startsWith("--mount=")) return undefined;
  const options = unquote(part(flag, "--mount=".length));
  let start = 0;
  for (const option of options.text.split(",")) {
    const field = unquote(part(options, start, start + option.length));
    if (/^from=/i.test(field.text)) return unquote(part(field, "from=".length));
    start += option.length + 1;
  }
  return undefined;
}

/** The instructions whose flags name images, and how. */
const IMAGE_FLAGS: Readonly<Record<string, (flag: Word) => Word | undefined>> = {
  COPY: copySource,
  RUN: mountSource,
};

const MAY_HAVE_HEREDOC = new Set(["RUN", "COPY", "ADD"]);

const FROM_OR_ARG = /^\s*(from|arg|onbuild)\s/i;

/** Whether an instruction may name an image, or have a heredoc: most are neither. */
function mayMatter(pieces: readonly Piece[]): boolean {
  return (
    FROM_OR_ARG.test(`${pieces[0]?.text ?? ""} `) ||
    pieces.some(({ text }) => text.includes("from=") || text.includes("<<"))
  );
}

class Reader {
  private readonly sites = new Map<number, Site>();
  /** The defaults of the arguments before the first FROM, in the order in which they are defined. */
  private readonly defaults = new Map<string, Site[]>();
  /** Where the images and defaults are that have been followed: arguments may lead to one default in many ways. */
  private readonly followed = new Set<number>();
  /** The names of the stages so far, in lower case. */
  private readonly stages = new Set<string>();
  private readonly sources: { readonly site: Site; readonly onBuild: boolean }[] = [];
  private readonly lines: Lines;
  private escape = "\\";
  private inStage = false;
  /** The arguments that are a whole image name in a FROM, or in the default of one that does. */
  readonly baseArguments = new Set<string>();

  constructor(text: string) {
    this.lines = new Lines(text, text.startsWith("\ufeff") ? 1 : 0);
  }

  read(): Site[] {
    const directives = readDirectives(this.lines);
    if (directives.get("escape")?.value === "`") this.escape = "`";
    const syntax = directives.get("syntax");
    if (syntax) {
      const image = syntax.value.split(/\s/)[0]!;
      this.add({ start: syntax.start, end: syntax.start + image.length, image });
    }
    while (!this.lines.done) {
      const pieces = readInstruction(this.lines, this.escape);
      if (pieces && mayMatter(pieces)) this.readKeyword(Excerpt.of(pieces), 0, false);
    }
    // Only now are all stages known: one may be copied from before its FROM.
    for (const { site, onBuild } of this.sources) this.addSource(site, onBuild);
    return [...this.sites.values()].sort((a, b) => a.start - b.start);
  }

  private add(site: Site): void {
    this.sites.set(site.start, site);
  }

  private readKeyword(excerpt: Excerpt, start: number, onBuild: boolean): void {
    const match = /^\s*(\S+)/.exec(excerpt.text.slice(start));
    if (!match) return;
    const keyword = match[1]!.toUpperCase();
    const rest = start + match[0].length;
    if (keyword === "ONBUILD" && !onBuild) {
      this.readKeyword(excerpt, rest, true);
    } else if (keyword === "FROM" && !onBuild) {
      this.readFrom(excerpt, readWords(excerpt.text, rest, this.escape));
    } else if (keyword === "ARG" && !onBuild && !this.inStage) {
      this.readArguments(excerpt, readWords(excerpt.text, rest, this.escape));
    } else if (MAY_HAVE_HEREDOC.has(keyword)) {
      this.readFlags(excerpt, rest, IMAGE_FLAGS[keyword], onBuild);
    }
  }

  private readFlags(
    excerpt: Excerpt,
    start: number,
    source: ((flag: Word) => Word | undefined) | undefined,
    onBuild: boolean,
  ): void {
    // The words of a long RUN are many: they are only looked at where something can be found in them.
    const hasHeredoc = excerpt.text.includes("<<", start);
    if (!hasHeredoc && !(source && excerpt.text.includes("--", start))) return;
    const words = readWords(excerpt.text, start, this.escape);
    for (const word of words) {
      if (!word.text.startsWith("--")) break;
      const image = source?.(word);
      if (image) this.sources.push({ site: this.siteOf(excerpt, image), onBuild });
    }
    if (hasHeredoc) skipHeredocs(words, this.lines);
  }

  private siteOf(excerpt: Excerpt, word: Word): Site {
    const span = excerpt.span(word.start, word.end);
    if (!/["']/.test(word.text)) return { ...span, image: word.text };
    return siteOfJoined({ ...span, image: word.text.replace(/["']/g, "") }, word.text);
  }

  private readArguments(excerpt: Excerpt, words: readonly Word[]): void {
    for (const word of words) {
      const equals = word.text.indexOf("=");
      if (equals < 0) continue;
      const name = word.text.slice(0, equals);
      const definitions = this.defaults.get(name) ?? [];
      definitions.push(this.siteOf(excerpt, unquote(part(word, equals + 1))));
      this.defaults.set(name, definitions);
    }
  }

  private readFrom(excerpt: Excerpt, words: readonly Word[]): void {
    this.inStage = true;
    const [image, as, name] = words.filter(({ text }) => !text.startsWith("--"));
    // An image is looked at before its stage has a name: FROM nginx AS nginx pulls nginx.
    if (image) this.addFrom(this.siteOf(excerpt, unquote(image)));
    if (as && name && as.text.toUpperCase() === "AS") this.stages.add(name.text.toLowerCase());
  }

  private isStage(name: string): boolean {
    return this.stages.has(name.toLowerCase());
  }

  /** The default that an argument has at an offset: the last one before it. */
  private defaultAt(name: string, offset: number): Site | undefined {
    const definitions = this.defaults.get(name) ?? [];
    let low = 0;
    let high = definitions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (definitions[middle]!.start < offset) low = middle + 1;
      else high = middle;
    }
    return definitions[low - 1];
  }

  /** An image of FROM; where it is an argument, the argument's default. */
  private addFrom(from: Site): void {
    const open = [from];
    for (let site; (site = open.pop());) {
      if (this.followed.has(site.start)) continue;
      this.followed.add(site.start);
      if (site.image !== "scratch" && site.image !== "" && !this.isStage(site.image)) {
        open.push(...this.readFromImage(site));
      }
    }
  }

  /** Adds an image; or returns what the arguments that it is may be instead. */
  private readFromImage(site: Site): Site[] {
    const next: Site[] = [];
    let variables = readVariables(site.image);
    if (variables.length === 0) {
      const base = /^(\$\{[^{}]*\}|\$\w+)(?=$|[:@])/.exec(site.image)?.[0];
      if (base !== undefined) variables = readVariables(base);
    }
    if (variables.length === 0) this.add(site);
    for (const { variable, fallback } of variables) {
      this.baseArguments.add(variable);
      const argument = this.defaultAt(variable, site.start);
      if (argument && argument.image !== "") {
        next.push(argument);
      } else if (fallback === undefined) {
        const reason = `ARG ${variable} has no default before the first FROM`;
        this.add({ ...site, leave: { why: "variable", reason } });
      }
    }
    const { fallback, fallbackStart = 0 } = variables.at(-1) ?? {};
    if (fallback !== undefined && site.end - site.start === site.image.length) {
      const start = site.start + fallbackStart;
      next.push({ start, end: start + fallback.length, image: fallback });
    }
    return next;
  }

  /** An image, stage or stage number that is copied from or mounted. */
  private addSource(site: Site, onBuild: boolean): void {
    const { image } = site;
    if (image === "" || image === "scratch" || /^\d+$/.test(image)) return;
    if (!onBuild) {
      if (!this.isStage(image)) this.add(site);
      return;
    }
    // A trigger runs in a build whose stages are not in this file.
    this.add(
      STAGE_NAME.test(image)
        ? {
            ...site,
            leave: {
              why: "ambiguous",
              reason: "it may be a stage of the builds that the trigger runs in",
            },
          }
        : site,
    );
  }
}

/** Every image that building a Dockerfile pulls. Stages and `scratch` are not images. */
export function readDockerfile(text: string): Site[] {
  return new Reader(text).read();
}

/** The arguments of a Dockerfile that decide which images it is built from: those to look for in `--build-arg`. */
export function baseArguments(text: string): ReadonlySet<string> {
  const reader = new Reader(text);
  reader.read();
  return reader.baseArguments;
}
