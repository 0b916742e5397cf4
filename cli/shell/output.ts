import type { Session, Sink } from "./session";

/**
 * Characters that a terminal acts on instead of showing them: control characters, and those that reorder a line
 * (https://trojansource.codes). A line feed, alone or after a carriage return, and a tab are harmless.
 */
const CONTROL =
  // eslint-disable-next-line no-control-regex -- these are what must not get through
  /\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * What CI systems take for a command where it appears in a log: at the beginning of a line on GitHub and Gitea, anywhere
 * in it on Azure and TeamCity, and in GitHub's older form.
 * Sources: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions,
 * https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands
 */
const LOG_COMMAND = /:(?=:)(?<=^(?:[^\S\n]|[+-])*:)|#(?=\[|vso\[|teamcity\[)(?<=##)/gm;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Text as it may be shown in a terminal or a CI log, whatever files or AWS have put into it. Characters are replaced by
 * `\uXXXX`, which in JSON means the same.
 */
export function escapeOutput(text: string): string {
  return text.replace(CONTROL, escapeCharacter).replace(LOG_COMMAND, escapeCharacter);
}

/** A sink that escapes everything that is written to it. Each write is of whole lines. */
export function escapingSink(sink: Sink): Sink {
  return {
    write: (text) => sink.write(escapeOutput(text)),
    get isTTY() {
      return sink.isTTY;
    },
    raw: sink,
  };
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Default: `left`. Numbers read better on the right. */
  readonly align?: "left" | "right";
}

/** Rows as lines of text in columns two spaces apart, below their titles; the last column is not padded. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => value(row))),
  ];
  const widths = columns.map((_, at) =>
    lines.reduce((width, line) => Math.max(width, line[at]?.length ?? 0), 0),
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) =>
          columns[at]?.align === "right"
            ? cell.padStart(widths[at] ?? 0)
            : cell.padEnd(widths[at] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Prints a table. */
export function printTable<Row>(
  session: Session,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  session.stdout.write(formatTable(columns, rows));
}

/** Prints a value as indented JSON. */
export function printJson(session: Pick<Session, "stdout">, value: unknown): void {
  session.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Prints a list as a JSON array, item by item, so that a long one is never in memory as a whole.
 */
export class JsonArray {
  private count = 0;

  constructor(private readonly session: Pick<Session, "stdout">) {}

  add(item: unknown): void {
    const text = JSON.stringify(item, null, 2).replaceAll("\n", "\n  ");
    this.session.stdout.write(`${this.count === 0 ? "[" : ","}\n  ${text}`);
    this.count += 1;
  }

  end(): void {
    this.session.stdout.write(this.count === 0 ? "[]\n" : "\n]\n");
  }
}

/** Characters that are held back at most. */
const BUFFER_LENGTH = 64 * 1024;

/** Writes much in few pieces: each one costs a call of the system. */
export class BufferedSink implements Sink {
  private held: string[] = [];
  private length = 0;

  constructor(private readonly sink: Sink) {}

  write(text: string): void {
    this.held.push(text);
    this.length += text.length;
    if (this.length >= BUFFER_LENGTH) this.flush();
  }

  /** Writes what is held back; to be called at the end, or it is lost. */
  flush(): void {
    if (this.length > 0) this.sink.write(this.held.join(""));
    this.held = [];
    this.length = 0;
  }
}

/** A number and its noun: `1 file`, `2 files`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

const REDRAW_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/** One line on stderr that says how far long work is; silent where nobody watches. */
export class Progress {
  private drawn = 0;
  private visible = false;

  constructor(private readonly sink: Sink) {}

  private get raw(): Sink {
    return this.sink.raw ?? this.sink;
  }

  /** Shows a state of the work, unless the last one was shown less than a tenth of a second ago. */
  update(text: () => string): void {
    if (!this.sink.isTTY) return;
    const now = Date.now();
    if (now - this.drawn < REDRAW_MS) return;
    this.drawn = now;
    this.visible = true;
    this.raw.write(CLEAR_LINE);
    this.sink.write(text());
  }

  /** Takes the line away; to be called before anything else is written, and at the end. */
  clear(): void {
    if (!this.visible) return;
    this.visible = false;
    this.raw.write(CLEAR_LINE);
  }
}
