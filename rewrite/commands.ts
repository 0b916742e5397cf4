import { buildArgumentSite } from "./build-argument";
import type { Excerpt } from "./excerpt";
import { closingBracket } from "./image-text";
import { type Site, siteIn } from "./site";

/*
 * Images in shell commands: what `docker pull`, `docker run` and the like name. Not a shell: words, quotes, and what
 * separates one command from the next.
 */

interface Word {
  readonly start: number;
  readonly end: number;
  /** What is written from `start` to `end`. */
  readonly raw: string;
  /** The word without quotes and escapes. */
  readonly text: string;
  /** Whether it is written as it reads. A pair of quotes around the whole word is outside of `start` and `end`. */
  readonly simple: boolean;
}

/** Separates commands from each other; then the words of the shell that may come before a command's name. */
const OPERATORS = new Set([";", "&", "|", "\n", "(", ")", "`"]);
const LEADERS = new Set([
  "sudo",
  "time",
  "exec",
  "if",
  "then",
  "elif",
  "else",
  "do",
  "while",
  "until",
  "!",
  "{",
  "-",
]);

/** Programs that take Docker's commands. */
const PROGRAMS = new Set(["docker", "podman", "nerdctl", "finch"]);

/** Options that take no value, by command; all others take one. `short` are those of one letter. */
interface Options {
  readonly flags: ReadonlySet<string>;
  readonly short: string;
}

const set = (words: string) => new Set(words.split(" "));

// Source: https://docs.docker.com/reference/cli/docker/container/run/
const RUN: Options = {
  flags: set(
    "detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged publish-all quiet read-only rm sig-proxy tty use-api-socket",
  ),
  short: "ditqP",
};
// Source: https://docs.docker.com/reference/cli/docker/image/pull/
const PULL: Options = { flags: set("all-tags disable-content-trust help quiet"), short: "aq" };
// Source: https://docs.docker.com/reference/cli/docker/
const GLOBAL: Options = { flags: set("debug help tls tlsverify version"), short: "Dv" };
/** For commands whose first words that are no options are images of this machine. */
const LOCAL: Options = { flags: set("all-tags force help no-prune quiet size"), short: "aqfs" };

/** What a command does with the images that it names. */
type Use = "pull" | "run" | "build" | "tag" | "local";

const COMMANDS: Readonly<Record<string, { readonly use: Use; readonly options: Options }>> = {
  pull: { use: "pull", options: PULL },
  run: { use: "run", options: RUN },
  create: { use: "run", options: RUN },
  build: { use: "build", options: RUN },
  tag: { use: "tag", options: LOCAL },
  push: { use: "local", options: LOCAL },
  save: { use: "local", options: LOCAL },
  inspect: { use: "local", options: LOCAL },
  history: { use: "local", options: LOCAL },
  rmi: { use: "local", options: LOCAL },
};
/** Words between the program and its command, as in `docker image pull`. */
const GROUPS = new Set(["image", "container", "buildx", "builder"]);

/** The images of the commands of one file, which may name what others of them pull or build. */
export class CommandReader {
  private readonly pulled = new Map<string, Site[]>();
  private readonly local: Site[] = [];
  private readonly built = new Set<string>();
  private readonly arguments: Site[] = [];

  /** @param knownArguments The build arguments that decide on base images, where the Dockerfile is known. */
  constructor(private readonly knownArguments?: ReadonlySet<string>) {}

  /** Reads a script, one command or many. */
  read(script: Excerpt): void {
    if (!/docker|podman|nerdctl|finch/.test(script.text)) return;
    for (const command of splitCommands(script.text)) this.readCommand(script, command);
  }

  /** Every image found so far. */
  sites(): Site[] {
    const pulled = [...this.pulled].flatMap(([image, sites]) =>
      this.built.has(normal(image))
        ? sites.map((site): Site => ({
            ...site,
            leave: { why: "built-here", reason: "it is built by another command of this file" },
          }))
        : sites,
    );
    // An image that another command has pulled must go on being called the same.
    const used = this.local.filter(
      ({ image }) => this.pulled.has(image) && !this.built.has(normal(image)),
    );
    return [...pulled, ...used, ...this.arguments];
  }

  private readCommand(script: Excerpt, words: readonly Word[]): void {
    let at = 0;
    while (at < words.length && (/^\w+=/.test(words[at]!.text) || LEADERS.has(words[at]!.text)))
      at += 1;
    const program = words[at]?.text.replace(/^.*\//, "");
    if (program === undefined || !PROGRAMS.has(program)) return;
    at = skipOptions(words, at + 1, GLOBAL);
    if (GROUPS.has(words[at]?.text ?? "")) at += 1;
    const name = words[at]?.text;
    const command =
      name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
    if (!command) return;
    const rest = words.slice(at + 1);
    if (command.use === "build") {
      this.readBuild(script, rest);
      return;
    }
    const images = rest.slice(skipOptions(rest, 0, command.options));
    if (command.use === "tag") {
      if (images[0]) this.local.push(siteOf(script, images[0]));
      if (images[1]) this.built.add(normal(images[1].text));
    } else if (command.use === "local") {
      for (const image of images) this.local.push(siteOf(script, image));
    } else {
      const [image] = images;
      if (!image) return;
      const site = siteOf(script, image);
      const others = this.pulled.get(site.image);
      if (others) others.push(site);
      else this.pulled.set(site.image, [site]);
    }
  }

  private readBuild(script: Excerpt, words: readonly Word[]): void {
    for (const [at, word] of words.entries()) {
      const joined = /^(--build-arg|--tag|-t)=/.exec(word.text);
      const option = joined ? joined[1]! : word.text;
      const value = joined ? partOf(word, joined[0].length) : words[at + 1];
      if (!value) continue;
      if (option === "--tag" || option === "-t") this.built.add(normal(value.text));
      if (option === "--build-arg") this.readBuildArgument(script, value);
    }
  }

  private readBuildArgument(script: Excerpt, word: Word): void {
    const equals = word.text.indexOf("=");
    if (equals < 0) return;
    const site = buildArgumentSite(
      word.text.slice(0, equals),
      siteOf(script, partOf(word, equals + 1)),
      this.knownArguments,
    );
    if (site) this.arguments.push(site);
  }
}

/** An image's name as Docker knows it on one machine: `latest` is the default. */
function normal(image: string): string {
  return image.replace(/:latest$/, "");
}

function siteOf(script: Excerpt, word: Word): Site {
  const site = siteIn(script, word.start, word.end, word.text);
  return word.simple
    ? site
    : {
        ...site,
        leave: { why: "unwritable", reason: "it is assembled from quoted and other parts" },
      };
}

/** The end of a word, from an index of its text on: the value of `KEY=VALUE`, of `KEY="VALUE"`. */
function partOf(word: Word, from: number): Word {
  const text = word.text.slice(from);
  if (word.raw.slice(0, from) !== word.text.slice(0, from)) return { ...word, text, simple: false };
  return wordOf(word.raw.slice(from), word.start + from, text);
}

/** A word, from how it is written and how it reads. */
function wordOf(raw: string, start: number, text: string): Word {
  const quoted = /^(?:"(.*)"|'(.*)')$/s.exec(raw);
  return quoted && (quoted[1] ?? quoted[2]) === text
    ? { start: start + 1, end: start + raw.length - 1, raw: text, text, simple: true }
    : { start, end: start + raw.length, raw, text, simple: raw === text };
}

/** The index of the first word from `at` on that is neither an option nor an option's value. */
function skipOptions(words: readonly Word[], at: number, options: Options): number {
  let index = at;
  while (index < words.length) {
    const { text } = words[index]!;
    if (text === "--") return index + 1;
    if (!text.startsWith("-") || text === "-") return index;
    index += takesNext(text, options) ? 2 : 1;
  }
  return index;
}

/** Whether the word after an option is its value. */
function takesNext(option: string, { flags, short }: Options): boolean {
  if (option.startsWith("--")) {
    return !option.includes("=") && !flags.has(option.slice(2));
  }
  // Letters together: the first that takes a value takes the rest of the word, or else the next one.
  const valued = [...option.slice(1)].findIndex((letter) => !short.includes(letter));
  return valued === option.length - 2;
}

/** The words of each command of a script. */
function splitCommands(text: string): Word[][] {
  const commands: Word[][] = [];
  let words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character !== "\n" && /\s/.test(character)) {
      at += 1;
    } else if (character === "\\" && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      at += text[at + 1] === "\r" ? 3 : 2;
    } else if (character === "#") {
      const newline = text.indexOf("\n", at);
      at = newline < 0 ? text.length : newline;
    } else if (OPERATORS.has(character)) {
      commands.push(words);
      words = [];
      at += 1;
    } else {
      const { end, value } = readWord(text, at);
      words.push(wordOf(text.slice(at, end), at, value));
      at = end;
    }
  }
  commands.push(words);
  return commands.filter((command) => command.length > 0);
}

/** Where a word ends, and how it reads: its quotes undone, its variables as they are. */
function readWord(text: string, start: number): { end: number; value: string } {
  let at = start;
  let value = "";
  while (at < text.length) {
    const character = text[at]!;
    if (/\s/.test(character) || OPERATORS.has(character)) break;
    if (character === "$" && /[({]/.test(text[at + 1] ?? "")) {
      const end = closingBracket(text, at + 1);
      value += text.slice(at, end);
      at = end;
    } else if (character === "'" || character === '"') {
      const end = closingQuote(text, at);
      value += text.slice(at + 1, end);
      at = end + 1;
    } else if (character === "\\") {
      value += text.slice(at + 1, at + 2);
      at += 2;
    } else {
      value += character;
      at += 1;
    }
  }
  return { end: Math.min(at, text.length), value };
}

function closingQuote(text: string, start: number): number {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\" && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return text.length;
}
