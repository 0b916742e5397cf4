import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import officialImages from "../rewrite/official-images.json";

/*
 * `node launch.mjs bench/rewrite-corpus.ts FOLDER…`: how much `ecr-cache rewrite` finds in checked-out code bases, and how much
 * of what it changes is right, judged by a second reader. The reader below goes line by line with regular expressions and shares
 * no code with rewrite/ (only the list of official images, which is data), so that a mistake of one is not a mistake of both. It
 * is cruder: what the two disagree on is printed, to be looked at by a person.
 */

const { values: options, positionals: folders } = parseArgs({
  options: { list: { type: "string", default: "10" }, only: { type: "string" } },
  allowPositionals: true,
});
const LISTED = Number(options.list);
const REGISTRY = "111111111111.dkr.ecr.us-east-1.amazonaws.com";

/** Where the names of each registry are in the cache; by the default prefixes, which docs/upstreams.md has, too. */
const PREFIXES: Readonly<Record<string, string>> = {
  "docker.io": "docker-hub",
  "index.docker.io": "docker-hub",
  "registry-1.docker.io": "docker-hub",
  "registry.hub.docker.com": "docker-hub",
  "public.ecr.aws": "ecr-public",
  "quay.io": "quay",
  "ghcr.io": "ghcr",
  "registry.k8s.io": "kubernetes",
  "registry.gitlab.com": "gitlab",
  "cgr.dev": "chainguard",
};
const HOST = Object.keys(PREFIXES)
  .map((host) => host.replaceAll(".", "\\."))
  .join("|");
const NAME = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*";
const VERSION = "(?::\\w[\\w.-]*)?(?:@sha256:[0-9a-f]{64})?";
const HOSTED = new RegExp(`(?<![\\w./@-])(?:${HOST})/${NAME}${VERSION}`, "g");
const WHOLE = new RegExp(
  `^(?:(?:[a-z0-9-]+(?:\\.[a-z0-9-]+)+(?::\\d+)?|localhost(?::\\d+)?)/)?${NAME}${VERSION}$`,
);
const OFFICIAL = new Set(officialImages.names);

/** A name that a line has, in a place where names of images are. */
interface Found {
  readonly line: number;
  readonly image: string;
  readonly documented: boolean;
}

interface Kind {
  readonly file: RegExp;
  readonly line: RegExp;
}

/** What the second reader takes for names, by kind of file; the first group is the name. */
const kinds: readonly Kind[] = [
  {
    file: /(^|\/)(Dockerfile|Containerfile)([._-](?!md$|txt$|dockerignore$)[^/]*)?$|\.Dockerfile$/i,
    line: /^\s*FROM\s+(?:--\S+\s+)*(?:"([^"\s]+)"|(\S+))/i,
  },
  {
    file: /\.ya?ml$/i,
    line: /^\s*(?:-\s+)?["']?image["']?\s*:\s*(?:"([^"\s]+)"|'([^'\s]+)'|([^\s"'#{[,}]+))\s*(?:#.*)?$/,
  },
  { file: /\.json$/i, line: /"[iI]mage(?:Uri)?"\s*:\s*"([^"\s]+)"/ },
  { file: /\.(tf|hcl|nomad|tfvars)$/i, line: /^\s*image\s*=\s*"([^"\s]+)"/ },
  {
    file: /(^|\/)(Makefile|Jenkinsfile)[^/]*$|\.(sh|bash|mk|groovy)$/,
    line: /^[^#]*\b(?:docker|podman|nerdctl)\s+pull\s+(?:-q\s+)?["']?([^\s"'`;|&)]+)/,
  },
];

/** Names that the code base builds, by the forms in which builds are written. */
const BUILDS: readonly RegExp[] = [
  /\bbuild\b[^\n|&;]*?\s(?:-t|--tag)[ =]["']?([a-z0-9][\w./-]*(?::[\w.-]+)?)/g,
  /^\s*- image(?:Name)?:\s*["']?([a-z0-9][\w./-]*)["']?\s*\n\s+(?:context|docker|ko|jib|buildpacks|bazel|custom|sync):/gm,
];

/** How many lines are looked at for what a name is. */
const CONTEXT = 8;
const TEXT_LIMIT = 10 * 1024 * 1024;

function* filesBelow(folder: string): Generator<string> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (![".git", "node_modules", ".terraform"].includes(entry.name)) yield* filesBelow(file);
    } else if (entry.isFile()) yield file;
  }
}

function textOf(file: string): string | undefined {
  if (fs.statSync(file).size > TEXT_LIMIT) return undefined;
  const text = fs.readFileSync(file, "utf8");
  return text.includes("\0") ? undefined : text;
}

/** Whether a string in a documented place is a name that moves, as far as one can say without its code base. */
function isName(image: string): boolean {
  if (!WHOLE.test(image)) return false;
  const name = image.replace(/@.*$/, "").replace(/:[\w.-]*$/, "");
  const first = name.split("/")[0]!;
  if (!name.includes("/")) return OFFICIAL.has(name);
  return /[.:]|^localhost$/.test(first) ? first in PREFIXES : true;
}

function read(file: string, text: string): Found[] {
  const kind = kinds.find((one) => one.file.test(file));
  const stages = new Set<string>();
  return text.split("\n").flatMap((line, at): Found[] => {
    const found = new Map<string, Found>();
    for (const [image] of line.matchAll(HOSTED)) {
      found.set(image, { line: at + 1, image, documented: false });
    }
    const match = kind?.line.exec(line);
    const image = match?.slice(1).find((group) => group !== undefined);
    if (image !== undefined && isName(image) && !stages.has(image.toLowerCase())) {
      found.set(image, { line: at + 1, image, documented: true });
    }
    const stage = /^\s*FROM\s.*\sAS\s+(\S+)/i.exec(line)?.[1];
    if (stage !== undefined) stages.add(stage.toLowerCase());
    return [...found.values()];
  });
}

/** What `rewrite --json` says. */
interface Reported {
  readonly file: string;
  readonly line?: number;
  readonly image: string | null;
  readonly cacheUri: string | null;
  readonly reason?: string;
}

function rewrite(folder: string): Reported[] {
  const program = path.resolve("cli/ecr-cache.mjs");
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [program, "rewrite", ".", "--registry", REGISTRY, "--json"],
    { cwd: folder, encoding: "utf8", maxBuffer: 1 << 30 },
  );
  if (status !== 0) throw new Error(`${folder}: ended with ${status}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Reported[];
}

/** The name that an image has in the cache. */
function expectedName(image: string): string {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(slash, 0));
  const host = first in PREFIXES ? first : "docker.io";
  const rest = first in PREFIXES ? image.slice(slash + 1) : image;
  const repository = rest.replace(/[:@$].*$/s, "");
  const library = PREFIXES[host] === "docker-hub" && !repository.includes("/") ? "library/" : "";
  return `${REGISTRY}/${PREFIXES[host]}/${library}${rest}`;
}

class Tally {
  private readonly lines = new Map<string, string[]>();

  add(what: string, line: string): void {
    this.lines.set(what, [...(this.lines.get(what) ?? []), line]);
  }

  count(what: string): number {
    return this.lines.get(what)?.length ?? 0;
  }

  print(what: string): void {
    const lines = this.lines.get(what) ?? [];
    if (lines.length === 0 || LISTED === 0) return;
    console.log(`\n${what} (${lines.length})`);
    for (const line of lines.slice(0, LISTED)) console.log(`  ${line}`);
  }
}

const MISSED = "names in documented places that rewrite says nothing of";
const SILENT = "names with a known registry that rewrite says nothing of";
const WRONG = "names that became another one than they should";
const BUILT = "names that were changed, though the code base builds them";
const OUTSIDE = "names that were changed where the second reader sees none";
const all = new Tally();
const sums = { files: 0, documented: 0, hosted: 0, moved: 0 };

function countIn(folder: string): void {
  const reported = new Map<string, Reported[]>();
  for (const one of rewrite(folder)) {
    reported.set(one.file, [...(reported.get(one.file) ?? []), one]);
  }
  const tally = new Tally();
  const built = new Set<string>();
  const found = new Map<string, Found[]>();
  const texts = new Map<string, string>();
  for (const file of filesBelow(folder)) {
    const text = textOf(file);
    if (text === undefined) continue;
    sums.files += 1;
    const name = path.relative(folder, file);
    if (reported.has(name)) texts.set(name, text);
    found.set(name, read(name, text));
    for (const form of BUILDS) for (const [, image] of text.matchAll(form)) built.add(image!);
  }
  const note = (what: string, line: string) => {
    tally.add(what, line);
    all.add(what, `${path.basename(folder)}/${line}`);
  };
  const before = { ...sums };
  for (const [file, names] of found) {
    const here = reported.get(file) ?? [];
    // A problem with the file is a word about all that is in it.
    const isProblem = here.some(({ image }) => image === null);
    for (const { line, image, documented } of names) {
      if (documented) sums.documented += 1;
      else sums.hosted += 1;
      const name = image.replace(/(@|:[\w.-]*$).*/s, "");
      const isSaid =
        isProblem ||
        built.has(image) ||
        here.some((one) => (one.line === line || !documented) && one.image?.includes(name));
      if (!isSaid) note(documented ? MISSED : SILENT, `${file}:${line} ${image}`);
    }
  }
  for (const [file, ones] of reported) {
    const lines = texts.get(file)?.split("\n") ?? [];
    for (const { line = 0, image, cacheUri } of ones) {
      if (cacheUri === null || image === null) continue;
      sums.moved += 1;
      const where = `${file}:${line} ${image}`;
      if (cacheUri !== expectedName(image)) note(WRONG, `${where} -> ${cacheUri}`);
      else if (built.has(image)) note(BUILT, where);
      else if (!isNamedIn(lines.slice(Math.max(line - CONTEXT, 0), line).join(" "), image))
        note(OUTSIDE, where);
    }
  }
  console.log(
    [
      path.basename(folder).padEnd(44),
      `moved ${String(sums.moved - before.moved).padStart(5)}`,
      `documented ${String(sums.documented - before.documented).padStart(5)} missed ${String(tally.count(MISSED)).padStart(4)}`,
      `with a host ${String(sums.hosted - before.hosted).padStart(5)} silent ${String(tally.count(SILENT)).padStart(4)}`,
      `wrong ${String(tally.count(WRONG) + tally.count(BUILT)).padStart(3)}`,
      `outside ${tally.count(OUTSIDE)}`,
    ].join("  "),
  );
}

/** Whether a line, with those before it, says that it names an image: by a key, an instruction, a command, or the registry. */
function isNamedIn(line: string, image: string): boolean {
  return (
    new RegExp(`^[^/]*(?:${HOST})/`).test(image) ||
    /image|\bfrom\b|Default|docker|podman|nerdctl|repository|container|syntax=|\bARG\b|newName|registry|- ?name:/i.test(
      line.replace(image, ""),
    )
  );
}

for (const folder of folders) countIn(path.resolve(folder));
for (const what of [WRONG, BUILT, OUTSIDE, MISSED, SILENT]) {
  if (options.only === undefined || what.includes(options.only)) all.print(what);
}
const percent = (part: number, whole: number) => `${((100 * part) / whole || 0).toFixed(2)} %`;
console.log(`
${sums.files} text files in ${folders.length} code bases; ${sums.moved} names changed
recall in documented places: ${percent(sums.documented - all.count(MISSED), sums.documented)} of ${sums.documented}
names with a known registry elsewhere that are reported or changed: ${percent(sums.hosted - all.count(SILENT), sums.hosted)} of ${sums.hosted}
precision: ${percent(sums.moved - all.count(WRONG) - all.count(BUILT) - all.count(OUTSIDE), sums.moved)} of ${sums.moved}`);
