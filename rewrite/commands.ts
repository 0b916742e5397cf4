import { buildArgumentSite } from "./build-argument";
import { Excerpt } from "./excerpt";
import { closingBracket, looksLikeImage } from "./image-text";
import { type Site, siteIn, siteOfJoined } from "./site";

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
  "time",
  "exec",
  "nohup",
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

/** Programs that run a command: which of their options take a value, and how many words come before the command. */
const WRAPPERS: Readonly<Record<string, { readonly valued: string; readonly words: number }>> = {
  sudo: { valued: "CDRTUghpu", words: 0 },
  env: { valued: "Cu", words: 0 },
  nice: { valued: "n", words: 0 },
  timeout: { valued: "ks", words: 1 },
  xargs: { valued: "EILPdns", words: 0 },
  retry: { valued: "", words: 0 },
  travis_retry: { valued: "", words: 0 },
  command: { valued: "", words: 0 },
  ionice: { valued: "cn", words: 0 },
};

/** Programs that take a command as one word. */
const SHELLS = new Set(["bash", "sh", "zsh", "dash", "ash", "eval", "ssh", "su"]);

/** Scripts that run a command, by their names: what is behind them is the command. */
const RUNNER =
  /^(retry|run|wait|with|try|repeat|attempt)[\w-]*(\.sh)?$|[-_](retry|retries|backoff)(\.sh)?$/;

/** A variable that is called like a program: `$(CONTAINER_TOOL) build`. */
const PROGRAM_VARIABLE =
  /^\$[({]?\w*(DOCKER|PODMAN|CONTAINER_(TOOL|ENGINE|RUNTIME)|OCI_BIN)\w*[)}]?$/;

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

/** Options of kubectl that may come before its command, or before a name; nearly all of the others take a value. */
const KUBECTL: Options = {
  flags: set("insecure-skip-tls-verify match-server-version warnings-as-errors all local record"),
  short: "",
};
/** For programs whose options before the image rarely take a value. */
const COPY: Options = {
  flags: set("all debug insecure insecure-policy quiet raw verbose version"),
  short: "aqv",
};

/** What a command does with the images that it names. */
type Use =
  /** The first word is an image that is pulled. */
  | "pull"
  /** An image is built; options say from what and under which name. */
  | "build"
  | "tag"
  /** The words are images of this machine. */
  | "local"
  /** The value of `--image` is pulled. */
  | "image-option"
  /** Words are `CONTAINER=IMAGE`. */
  | "set-image"
  /** The first word is `docker://IMAGE`. */
  | "url"
  /** The values of `--set` are `KEY=VALUE`, of which some keys hold images. */
  | "set-values"
  /** Options hold containers as JSON, or in the AWS CLI's shorthand. */
  | "containers";

interface Command {
  readonly use: Use;
  readonly options: Options;
}

const PULLED: Command = { use: "pull", options: PULL };
const STARTED: Command = { use: "pull", options: RUN };
const BUILT: Command = { use: "build", options: RUN };
const OF_MACHINE: Command = { use: "local", options: LOCAL };

const IMAGE_COMMANDS: Readonly<Record<string, Command>> = {
  pull: PULLED,
  build: BUILT,
  tag: { use: "tag", options: LOCAL },
  push: OF_MACHINE,
  save: OF_MACHINE,
  inspect: OF_MACHINE,
  history: OF_MACHINE,
};
const CONTAINER_COMMANDS: Readonly<Record<string, Command>> = { run: STARTED, create: STARTED };

/** Commands in a group, such as `docker image pull`: a group's commands mean something else than those without one. */
const grouped = (group: string, commands: Readonly<Record<string, Command>>) =>
  Object.fromEntries(Object.entries(commands).map(([name, use]) => [`${group} ${name}`, use]));

interface Program {
  /** Options that may come before the command. */
  readonly options: Options;
  /** By one word, or two. */
  readonly commands: Readonly<Record<string, Command>>;
}

const DOCKER: Program = {
  options: GLOBAL,
  commands: {
    ...IMAGE_COMMANDS,
    ...CONTAINER_COMMANDS,
    rmi: OF_MACHINE,
    ...grouped("image", IMAGE_COMMANDS),
    ...grouped("container", CONTAINER_COMMANDS),
    ...grouped("buildx", { build: BUILT }),
    ...grouped("builder", { build: BUILT }),
    ...grouped("manifest", { inspect: PULLED }),
    ...grouped("service", {
      create: STARTED,
      update: { use: "image-option", options: RUN },
    }),
  },
};

/**
 * The commands that name images, by program.
 *
 * Sources: https://docs.docker.com/reference/cli/docker/, https://github.com/containers/buildah/tree/main/docs,
 * https://github.com/containers/skopeo/tree/main/docs, https://github.com/google/go-containerregistry/tree/main/cmd/crane,
 * https://kubernetes.io/docs/reference/kubectl/generated/, https://helm.sh/docs/helm/helm_install/,
 * https://docs.aws.amazon.com/cli/latest/reference/
 */
const PROGRAMS: Readonly<Record<string, Program>> = {
  docker: DOCKER,
  podman: DOCKER,
  nerdctl: DOCKER,
  finch: DOCKER,
  buildah: {
    options: GLOBAL,
    commands: { from: STARTED, pull: PULLED, bud: BUILT, build: BUILT },
  },
  skopeo: {
    options: COPY,
    commands: { copy: { use: "url", options: COPY }, inspect: { use: "url", options: COPY } },
  },
  crane: {
    options: COPY,
    commands: Object.fromEntries(
      ["config", "copy", "cp", "digest", "export", "manifest", "pull"].map((name) => [
        name,
        { use: "pull", options: COPY },
      ]),
    ),
  },
  kubectl: {
    options: KUBECTL,
    commands: {
      run: { use: "image-option", options: KUBECTL },
      debug: { use: "image-option", options: KUBECTL },
      ...grouped("create", {
        deployment: { use: "image-option", options: KUBECTL },
        job: { use: "image-option", options: KUBECTL },
        cronjob: { use: "image-option", options: KUBECTL },
      }),
      ...grouped("set", { image: { use: "set-image", options: KUBECTL } }),
    },
  },
  helm: {
    options: KUBECTL,
    commands: Object.fromEntries(
      ["install", "upgrade", "template"].map((name) => [
        name,
        { use: "set-values", options: KUBECTL },
      ]),
    ),
  },
  aws: {
    options: { flags: set("debug no-verify-ssl no-paginate no-sign-request"), short: "" },
    commands: {
      ...grouped("ecs", { "register-task-definition": { use: "containers", options: COPY } }),
      ...grouped("batch", { "register-job-definition": { use: "containers", options: COPY } }),
      ...grouped("lambda", {
        "create-function": { use: "containers", options: COPY },
        "update-function-code": { use: "containers", options: COPY },
      }),
    },
  },
};

const MENTIONS_PROGRAM = new RegExp(`${Object.keys(PROGRAMS).join("|")}|DOCKER|PODMAN|CONTAINER`);

/** The longest command in `$(…)` that is read, in characters. */
const MAX_SUBSTITUTION = 4_000;

/** The images of the commands of one file, which may name what others of them pull or build. */
export class CommandReader {
  private readonly pulled = new Map<string, Site[]>();
  private readonly local: Site[] = [];
  private readonly built: Site[] = [];
  private readonly arguments: Site[] = [];

  /** @param knownArguments The build arguments that decide on base images, where the Dockerfile is known. */
  constructor(private readonly knownArguments?: ReadonlySet<string>) {}

  /** Reads a script, one command or many. */
  read(script: Excerpt): void {
    if (!MENTIONS_PROGRAM.test(script.text)) return;
    for (const command of splitCommands(script.text)) this.readCommand(script, command);
    for (const { index } of script.text.matchAll(/\$\((?!\()/g)) {
      const rest = script.text.slice(index + 2, index + MAX_SUBSTITUTION);
      const [command] = splitCommands(rest, 1);
      if (!command || !MENTIONS_PROGRAM.test(rest)) continue;
      this.readCommand(
        script,
        command.map((word) => ({
          ...word,
          start: word.start + index + 2,
          end: word.end + index + 2,
        })),
      );
    }
  }

  /** Every image found so far. */
  sites(): Site[] {
    // An image that another command has pulled must go on being called the same.
    const used = this.local.filter(({ image }) => this.pulled.has(image));
    return [...[...this.pulled.values()].flat(), ...used, ...this.arguments, ...this.built];
  }

  private readCommand(script: Excerpt, words: readonly Word[]): void {
    let at = skipLeaders(words);
    const name = words[at]?.text.replace(/^[@+-]+/, "").replace(/^.*\//, "") ?? "";
    if (SHELLS.has(name)) for (const word of words.slice(at + 1)) this.readQuoted(script, word);
    if (SHELLS.has(name) || RUNNER.test(name)) {
      const inner = words.findIndex((word, index) => index > at && own(PROGRAMS, word.text));
      if (inner > 0) this.readCommand(script, words.slice(inner));
      return;
    }
    const program = PROGRAM_VARIABLE.test(name) ? DOCKER : own(PROGRAMS, name);
    if (!program) return;
    at = skipOptions(words, at + 1, program.options);
    const [first, second] = [words[at]?.text, words[at + 1]?.text];
    const inGroup = own(program.commands, `${first} ${second}`);
    const command = inGroup ?? own(program.commands, first);
    if (command) this.readUse(script, words.slice(at + (inGroup ? 2 : 1)), command);
  }

  /** A command that is one word of another one. */
  private readQuoted(script: Excerpt, { start, end, text, simple }: Word): void {
    const span = script.span(start, end);
    if (simple && /\s/.test(text) && span.end - span.start === text.length) {
      const inner = Excerpt.of([{ start: span.start, text }]);
      for (const command of splitCommands(text)) this.readCommand(inner, command);
    }
  }

  private readUse(script: Excerpt, words: readonly Word[], { use, options }: Command): void {
    if (use === "build") {
      this.readBuild(script, words);
      return;
    }
    if (use === "image-option") {
      for (const image of optionValues(words, "--image")) this.addPulled(siteOf(script, image));
      return;
    }
    if (use === "set-values") {
      for (const option of ["--set", "--set-string"]) {
        for (const word of optionValues(words, option)) this.readSetValues(script, word);
      }
      return;
    }
    if (use === "containers") {
      for (const word of words) this.readContainers(script, word);
      return;
    }
    const images = words.slice(skipOptions(words, 0, options));
    const [image] = images;
    if (use === "set-image") {
      for (const word of images) {
        const equals = word.text.indexOf("=");
        if (equals > 0 && !word.text.startsWith("-")) {
          this.addPulled(siteOf(script, partOf(word, equals + 1)));
        }
      }
    } else if (use === "url") {
      if (image?.text.startsWith(DOCKER_URL)) {
        this.addPulled(siteOf(script, partOf(image, DOCKER_URL.length)));
      }
    } else if (use === "tag") {
      if (images[0]) this.local.push(siteOf(script, images[0]));
      if (images[1]) this.addBuilt(script, images[1]);
    } else if (use === "local") {
      for (const word of images) this.local.push(siteOf(script, word));
    } else if (image) {
      this.addPulled(siteOf(script, image));
    }
  }

  /** `KEY=VALUE,KEY=VALUE`. A name in several values is read where they are together. */
  private readSetValues(script: Excerpt, word: Word): void {
    for (const { index, 1: key = "", 2: value = "" } of word.text.matchAll(/([^=,]+)=([^,]*)/g)) {
      if (!/(image|repository)$/i.test(key) || !looksLikeImage(value)) continue;
      const start = index + key.length + 1;
      const part = partOf(word, start);
      this.addPulled(siteOf(script, { ...part, end: part.start + value.length, text: value }));
    }
  }

  private readContainers(script: Excerpt, word: Word): void {
    const forms = /"image"\s*:\s*"([^"]+)"|(?<![\w"])(?:image|(ImageUri))=([^,\s\]}]+)/g;
    for (const { index, 0: whole, 1: json, 2: lambda, 3: short } of word.text.matchAll(forms)) {
      const image = json ?? short ?? "";
      const start = index + whole.lastIndexOf(image);
      if (!word.simple) continue;
      const at = word.start + start;
      const site = siteIn(script, at, at + image.length, image);
      this.addPulled(
        lambda === undefined
          ? site
          : {
              ...site,
              leave: { why: "lambda", reason: "Lambda can't pull an image through a cache" },
            },
      );
    }
  }

  private addPulled(site: Site): void {
    const others = this.pulled.get(site.image);
    if (others) others.push(site);
    else this.pulled.set(site.image, [site]);
  }

  private readBuild(script: Excerpt, words: readonly Word[]): void {
    for (const [at, word] of words.entries()) {
      const joined = /^(--build-arg|--build-context|--tag|-t)=/.exec(word.text);
      const option = joined ? joined[1]! : word.text;
      const value = joined ? partOf(word, joined[0].length) : words[at + 1];
      if (!value) continue;
      if (option === "--tag" || option === "-t") this.addBuilt(script, value);
      if (option === "--build-arg") this.readBuildArgument(script, value);
      if (option === "--build-context") this.readBuildContext(script, value);
    }
  }

  private addBuilt(script: Excerpt, word: Word): void {
    this.built.push({ ...siteIn(script, word.start, word.end, word.text), builds: "tag" });
  }

  /** `NAME=docker-image://IMAGE` names an image that is pulled; any other `NAME` is of what is there already. */
  private readBuildContext(script: Excerpt, word: Word): void {
    const equals = word.text.indexOf("=");
    if (equals < 0) return;
    const from = equals + 1 + IMAGE_URL.length;
    if (word.text.startsWith(IMAGE_URL, equals + 1)) {
      this.addPulled(siteOf(script, partOf(word, from)));
    } else {
      this.addBuilt(script, {
        ...word,
        end: word.start + equals,
        text: word.text.slice(0, equals),
      });
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

const DOCKER_URL = "docker://";
const IMAGE_URL = "docker-image://";

function own<T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined {
  return key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The index of the first word that is the command itself: behind variables, words of the shell, and programs that run it. */
function skipLeaders(words: readonly Word[]): number {
  let at = 0;
  for (; at < words.length; at += 1) {
    const { text } = words[at]!;
    const wrapper = own(WRAPPERS, text);
    if (wrapper) {
      // An option, or how often or how long.
      while (/^-\w|^--\w|^\d+[smh]?$/.test(words[at + 1]?.text ?? "")) {
        at += 1;
        const option = words[at]!.text;
        if (option.length === 2 && wrapper.valued.includes(option[1]!)) at += 1;
      }
      at += wrapper.words === 0 || /^\d/.test(words[at]!.text) ? 0 : wrapper.words;
    } else if (!/^\w+=/.test(text) && !LEADERS.has(text.replace(/^@/, ""))) {
      break;
    }
  }
  return at;
}

/** The values of an option: `--image X`, `--image=X`. What is behind `--` is the command of a container. */
function optionValues(words: readonly Word[], option: string): Word[] {
  const end = words.findIndex(({ text }) => text === "--");
  const before = end < 0 ? words : words.slice(0, end);
  return before.flatMap((word, at) => {
    if (word.text.startsWith(`${option}=`)) return [partOf(word, option.length + 1)];
    const next = before[at + 1];
    return word.text === option && next ? [next] : [];
  });
}

function siteOf(script: Excerpt, word: Word): Site {
  const site = siteIn(script, word.start, word.end, word.text);
  return word.simple ? site : siteOfJoined(site, word.raw);
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

/** The words of each command of a script. @param most How many commands are read. */
function splitCommands(text: string, most = Infinity): Word[][] {
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
      if (commands.length >= most) return commands;
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
