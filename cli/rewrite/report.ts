import type { Reference } from "../../rewrite/reference";
import type { Edit } from "../../rewrite/site";
import { type Warning, warningsOf } from "../../rewrite/warnings";
import { BufferedSink, count, JsonArray, Progress } from "../shell/output";
import { type Place, placeIn } from "../shell/rewrite-file";
import type { Session } from "../shell/session";
import { unifiedDiff } from "./diff";
import type { ReferenceJson } from "./json";

/** What is printed: the changes as a diff, as a list, or every reference as JSON. */
export type Output = "diff" | "list" | "json";

/** Reasons for which someone should have a look: here a name may have been missed. */
const REPORTED = new Set<Reference["why"]>([
  "variable",
  "invalid",
  "ambiguous",
  "unwritable",
  "not-official",
]);

/** How many places of a warning are named. */
const PLACES_SHOWN = 3;

/** How many files are named that someone should look at. */
const FILES_SHOWN = 20;

interface Warned {
  readonly image: string;
  readonly message: string;
  readonly places: string[];
  count: number;
}

/** Reports what is found, file by file, and sums up. */
export class Report {
  private readonly stdout: BufferedSink;
  private readonly json: JsonArray | undefined;
  private readonly progress: Progress;
  private readonly reasons = new Map<string, number>();
  private readonly warned = new Map<string, Warned>();
  /** The warnings of each image and outcome: there are few of them and many places. */
  private readonly warnings = new Map<string, readonly Warning[]>();
  /** How many names each file has where no format names images. */
  private readonly elsewhere = new Map<string, number>();
  private files = 0;
  private unwritten = 0;
  private problems = 0;
  private changedFiles = 0;
  private references = 0;
  private rewritten = 0;

  constructor(
    private readonly session: Session,
    private readonly output: Output,
    /** Whether files are written. */
    private readonly writes: boolean,
  ) {
    this.stdout = new BufferedSink(session.stdout);
    this.json = output === "json" ? new JsonArray({ stdout: this.stdout }) : undefined;
    this.progress = new Progress(session.stderr);
  }

  /** Whether any file has been, or would be, changed. */
  get hasChanges(): boolean {
    return this.changedFiles > 0;
  }

  /** Whether no file could be worked on, though some were meant to be. */
  get hasFailed(): boolean {
    return this.files === 0 && this.problems > 0;
  }

  /** Whether a file that should have been changed could not be written. */
  get hasFailedWrites(): boolean {
    return this.unwritten > 0;
  }

  /** Says that a file could not be written. */
  writeProblem(file: string, reason: string): void {
    this.unwritten += 1;
    this.problem(file, reason);
  }

  /** Says that a file could not be read. */
  problem(file: string, reason: string, place?: Place): void {
    this.problems += 1;
    this.say(`${placeIn(file, place)}: ${reason}`);
    this.json?.add({ file, ...place, image: null, cacheUri: null, reason } satisfies ReferenceJson);
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
    if (!change) return;
    this.progress.clear();
    if (this.output === "diff" && change.before !== undefined) {
      this.stdout.write(unifiedDiff(file.replace(/^\/+/, ""), change.before, change.edits));
    } else if (this.output === "list") {
      const lines = references
        .filter(({ edits }) => edits.length > 0)
        .map(
          (reference) =>
            `${placeIn(file, reference)}: ${reference.image} -> ${reference.cacheUri}\n`,
        );
      this.stdout.write(lines.join(""));
    }
  }

  private reference(file: string, reference: Reference): void {
    const { line, column, image, cacheUri, why, reason } = reference;
    if (why === "elsewhere") {
      this.elsewhere.set(file, (this.elsewhere.get(file) ?? 0) + 1);
      this.json?.add({ file, line, column, image, cacheUri, reason } satisfies ReferenceJson);
      return;
    }
    this.references += 1;
    if (cacheUri !== null) this.rewritten += 1;
    else this.reasons.set(reason ?? "", (this.reasons.get(reason ?? "") ?? 0) + 1);
    const warnings = this.warningsOf(reference);
    this.json?.add({
      file,
      line,
      column,
      image,
      cacheUri,
      ...(reason !== undefined && { reason }),
      ...(warnings.length > 0 && { warnings }),
    } satisfies ReferenceJson);
    if (REPORTED.has(why)) this.say(`${placeIn(file, reference)}: ${image}: left alone: ${reason}`);
    for (const { message } of warnings) this.warn(image, message, placeIn(file, reference));
  }

  private warningsOf(reference: Reference): readonly Warning[] {
    const key = `${reference.why ?? ""} ${reference.image}`;
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

  private say(line: string): void {
    this.progress.clear();
    this.session.stderr.write(`${line}\n`);
  }

  /** Ends the output: the warnings, and the sum of it all. */
  end(): void {
    this.json?.end();
    this.stdout.flush();
    for (const { image, message, places, count: number } of this.warned.values()) {
      const more = number - places.length;
      const where = `${places.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
      this.say(`warning: ${image}: ${message} (${where})`);
    }
    const left = this.references - this.rewritten;
    this.say(
      [
        `${count(this.files, "file")} read, ${this.changedFiles} ${this.writes ? "changed" : "to change"}`,
        `${count(this.references, "reference")}: ${this.rewritten} ${this.writes ? "rewritten" : "to rewrite"}, ${left} left alone`,
      ].join("; "),
    );
    const reasons = [...this.reasons].sort(([, a], [, b]) => b - a);
    const width = String(reasons[0]?.[1] ?? 0).length;
    for (const [reason, number] of reasons) {
      this.say(`  ${String(number).padStart(width)}  ${reason}`);
    }
    this.sayElsewhere();
    if (this.problems > 0) {
      this.say(`${count(this.problems, "problem")} with files; they are as they were`);
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
