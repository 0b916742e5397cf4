import type { Reference } from "../../rewrite/reference";
import type { Edit } from "../../rewrite/site";
import { type Warning, warningsOf } from "../../rewrite/warnings";
import { BufferedSink, count, Progress } from "../shell/output";
import { type Place, placeIn, type ProblemKind } from "../shell/rewrite-file";
import type { Session, Sink } from "../shell/session";
import { Attention } from "./attention";
import type { Printer } from "./printers";

/** Reasons for which someone should have a look: here a name may have been missed. */
const ATTENTION: Readonly<Partial<Record<NonNullable<Reference["why"]>, string>>> = {
  variable: "a variable decides which image it is",
  invalid: "not an image name",
  "not-allowed": "not allowed by `only`",
  ambiguous: "may not be an image",
  unwritable: "written so that an edit is not safe",
  "not-official": "neither a registry's nor an official image",
};

const PROBLEMS: Readonly<Record<ProblemKind, string>> = {
  inaccessible: "can't be read",
  expected: "invalid, not read",
  invalid: "invalid, not read",
};

/** How many places of a warning are named. */
const PLACES_SHOWN = 3;

/** How many files are named that someone should look at. */
const FILES_SHOWN = 20;
/** How many reasons the sum has, the frequent ones first. */
const REASONS_SHOWN = 10;

interface Warned {
  readonly image: string;
  readonly message: string;
  readonly places: string[];
  count: number;
}

/** What a report is made of. */
export interface ReportOptions {
  /** Makes what prints on standard output. */
  readonly printers: (stdout: Sink) => readonly Printer[];
  /** Whether files are written. */
  readonly writes: boolean;
  /** The rule of an image that its `only` does not allow, and what the list would have to have. */
  readonly repositoryOf: (
    image: string,
  ) => { readonly rule: { readonly prefix: string }; readonly name: string } | undefined;
  /** Whether each place that needs a look is named, however many there are. */
  readonly verbose: boolean;
}

/** Reports what is found, file by file, and sums up. */
export class Report {
  private readonly stdout: BufferedSink;
  private readonly printers: readonly Printer[];
  private readonly progress: Progress;
  private readonly attention = new Attention();
  private readonly reasons = new Map<string, number>();
  private readonly warned = new Map<string, Warned>();
  /** The warnings of each image and outcome: there are few of them and many places. */
  private readonly warnings = new Map<string, readonly Warning[]>();
  /** How many names each file has where no format names images. */
  /** What lists of `only` lack, by the prefix of the rule. */
  private readonly unlisted = new Map<string, Set<string>>();
  private readonly elsewhere = new Map<string, number>();
  private readonly problems = new Map<ProblemKind, number>();
  private files = 0;
  private unwritten = 0;
  private changedFiles = 0;
  private references = 0;
  private rewritten = 0;

  constructor(
    private readonly session: Session,
    private readonly options: ReportOptions,
  ) {
    this.stdout = new BufferedSink(session.stdout);
    this.printers = options.printers(this.stdout);
    this.progress = new Progress(session.stderr);
  }

  /** Whether any file has been, or would be, changed. */
  get hasChanges(): boolean {
    return this.changedFiles > 0;
  }

  /** Whether no file could be worked on, because those that were meant are not there. */
  get hasFailed(): boolean {
    return this.files === 0 && this.has("inaccessible");
  }

  /** Whether a file that should have been changed could not be written. */
  get hasFailedWrites(): boolean {
    return this.unwritten > 0;
  }

  /** Whether there are problems with files of one of these kinds. */
  has(...kinds: readonly ProblemKind[]): boolean {
    return kinds.some((kind) => this.problems.has(kind));
  }

  /** Says that a file could not be written. */
  writeProblem(file: string, reason: string): void {
    this.unwritten += 1;
    this.problem(file, reason, "inaccessible");
  }

  /** Says that a file could not be read. */
  problem(file: string, reason: string, kind: ProblemKind, place?: Place): void {
    this.problems.set(kind, (this.problems.get(kind) ?? 0) + 1);
    this.look(file, PROBLEMS[kind], `${placeIn(file, place)}: ${reason}`);
    for (const printer of this.printers) printer.problem?.({ file, place, reason });
  }

  /** Says what a file names, and how it changes if it does. */
  file(
    file: string,
    references: readonly Reference[],
    change?: { readonly edits: readonly Edit[]; readonly before?: string | undefined },
  ): void {
    this.files += 1;
    this.progress.update(
      () => `${count(this.files, "file")}, ${count(this.references, "reference")}`,
    );
    if (change) this.changedFiles += 1;
    for (const reference of references) this.reference(file, reference);
    if (references.length === 0) return;
    const result = {
      file,
      references,
      ...(change && { change }),
      warningsOf: (reference: Reference) => this.warningsOf(reference),
    };
    this.progress.clear();
    for (const printer of this.printers) printer.file(result);
  }

  private reference(file: string, reference: Reference): void {
    const { image, cacheUri, why, reason } = reference;
    if (why === "elsewhere") {
      this.elsewhere.set(file, (this.elsewhere.get(file) ?? 0) + 1);
      return;
    }
    this.references += 1;
    if (cacheUri !== null) this.rewritten += 1;
    else this.reasons.set(reason ?? "", (this.reasons.get(reason ?? "") ?? 0) + 1);
    if (why === "not-allowed") {
      const { rule, name } = this.options.repositoryOf(image) ?? {};
      if (rule && name !== undefined) {
        const names = this.unlisted.get(rule.prefix) ?? new Set();
        this.unlisted.set(rule.prefix, names.add(name));
      }
    }
    const attention = why && ATTENTION[why];
    if (attention !== undefined) {
      this.look(file, attention, `${placeIn(file, reference)}: ${image}: left alone: ${reason}`);
    }
    for (const { message } of this.warningsOf(reference)) {
      this.warn(image, message, placeIn(file, reference));
    }
  }

  private warningsOf(reference: Reference): readonly Warning[] {
    if (reference.why === "elsewhere") return [];
    const key = `${reference.why ?? ""} ${reference.isChecked ?? ""} ${reference.image}`;
    const known = this.warnings.get(key);
    if (known) return known;
    const warnings = warningsOf(reference);
    this.warnings.set(key, warnings);
    return warnings;
  }

  private warn(image: string, message: string, place: string): void {
    const key = `${image}\n${message}`;
    const warned = this.warned.get(key) ?? { image, message, places: [], count: 0 };
    warned.count += 1;
    if (warned.places.length < PLACES_SHOWN) warned.places.push(place);
    this.warned.set(key, warned);
  }

  /** Names a place that someone should look at: now, or with the others at the end. */
  private look(file: string, reason: string, line: string): void {
    if (this.options.verbose) this.say(line);
    else this.attention.add({ file, reason, line });
  }

  private say(line: string): void {
    this.progress.clear();
    this.session.stderr.write(`${line}\n`);
  }

  /** Ends the output: the warnings, and the sum of it all. */
  end(): void {
    for (const printer of this.printers) printer.end?.();
    this.stdout.flush();
    for (const line of this.attention.lines()) this.say(line);
    this.sayWarnings();
    const { writes } = this.options;
    const left = this.references - this.rewritten;
    this.say(
      [
        `${count(this.files, "file")} read, ${this.changedFiles} ${writes ? "changed" : "to change"}`,
        `${count(this.references, "reference")}: ${this.rewritten} ${writes ? "rewritten" : "to rewrite"}, ${left} left alone`,
      ].join("; "),
    );
    this.sayReasons();
    this.sayUnlisted();
    this.sayElsewhere();
    const problems = [...this.problems.values()].reduce((sum, number) => sum + number, 0);
    if (problems > 0) this.say(`${count(problems, "problem")} with files; they are as they were`);
  }

  private sayWarnings(): void {
    for (const { image, message, places, count: number } of this.warned.values()) {
      const more = number - places.length;
      const where = `${places.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
      this.say(`warning: ${image}: ${message} (${where})`);
    }
  }

  private sayReasons(): void {
    const reasons = [...this.reasons].sort(([, a], [, b]) => b - a);
    const shown = this.options.verbose ? reasons : reasons.slice(0, REASONS_SHOWN);
    const width = String(reasons[0]?.[1] ?? 0).length;
    for (const [reason, number] of shown)
      this.say(`  ${String(number).padStart(width)}  ${reason}`);
    const hidden = reasons.slice(shown.length);
    if (hidden.length === 0) return;
    const number = hidden.reduce((sum, [, of]) => sum + of, 0);
    this.say(
      `  ${String(number).padStart(width)}  ${count(hidden.length, "other reason")} (--verbose)`,
    );
  }

  /** What lists of `only` would have to have. */
  private sayUnlisted(): void {
    if (this.unlisted.size === 0) return;
    this.say("to allow these images, add to `only`, in the rule of the prefix:");
    for (const [prefix, names] of this.unlisted) {
      this.say(
        `  ${prefix}: ${[...names]
          .sort()
          .map((name) => JSON.stringify(name))
          .join(", ")}`,
      );
    }
  }

  /** The files with names of images that no format explains: someone has to look at them. */
  private sayElsewhere(): void {
    if (this.elsewhere.size === 0) return;
    this.say("names of images where no known format has any; look at these yourself:");
    for (const [file, number] of [...this.elsewhere].slice(0, FILES_SHOWN)) {
      this.say(`  ${file}: ${count(number, "name")}`);
    }
    const more = this.elsewhere.size - FILES_SHOWN;
    if (more > 0) this.say(`  and ${count(more, "more file")} (--json lists all)`);
  }
}
