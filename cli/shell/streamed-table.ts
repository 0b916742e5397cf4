import type { Column } from "./output";
import type { Session } from "./session";
import { formatTable } from "./output";

/** Rows that decide how wide the columns are. */
const SAMPLE = 1_000;

/**
 * A table that is printed while its rows come in. The columns are as wide as the first thousand rows need; a wider cell
 * that comes later pushes the rest of its line to the right.
 */
export class StreamedTable<Row> {
  private sample: Row[] = [];
  private widths: number[] | undefined;

  constructor(
    private readonly session: Session,
    private readonly columns: readonly Column<Row>[],
  ) {}

  add(row: Row): void {
    if (this.widths !== undefined) {
      this.session.stdout.write(this.line(row, this.widths));
      return;
    }
    this.sample.push(row);
    if (this.sample.length === SAMPLE) this.flush();
  }

  /** Prints the remaining rows; if there were none at all, nothing, not even the titles. */
  end(): void {
    if (this.widths === undefined && this.sample.length > 0) this.flush();
  }

  private flush(): void {
    this.session.stdout.write(formatTable(this.columns, this.sample));
    this.widths = this.columns.map(({ title, value }) =>
      Math.max(title.length, ...this.sample.map((row) => value(row).length)),
    );
    this.sample = [];
  }

  private line(row: Row, widths: readonly number[]): string {
    const cells = this.columns.map(({ value, align }, at) => {
      const width = widths[at] ?? 0;
      return align === "right" ? value(row).padStart(width) : value(row).padEnd(width);
    });
    return `${cells.join("  ").trimEnd()}\n`;
  }
}
