import type { Session, Sink } from "./session";

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
export function printJson(session: Session, value: unknown): void {
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

  /** Shows a state of the work, unless the last one was shown less than a tenth of a second ago. */
  update(text: () => string): void {
    if (!this.sink.isTTY) return;
    const now = Date.now();
    if (now - this.drawn < REDRAW_MS) return;
    this.drawn = now;
    this.visible = true;
    this.sink.write(`${CLEAR_LINE}${text()}`);
  }

  /** Takes the line away; to be called before anything else is written, and at the end. */
  clear(): void {
    if (!this.visible) return;
    this.visible = false;
    this.sink.write(CLEAR_LINE);
  }
}
