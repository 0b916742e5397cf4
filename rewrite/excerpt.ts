/** A stretch of a file as it reads, and where it is written. */
export interface Piece {
  /** Where the piece is written. */
  readonly start: number;
  /** How it reads. */
  readonly text: string;
  /** How many characters it takes where it is written. Default: as many as it reads. */
  readonly length?: number;
}

/**
 * A string that is assembled from pieces of a file: an instruction over several lines, a quoted string without its escapes, a
 * block without its indentation. It knows where each of its characters is written.
 */
export class Excerpt {
  private constructor(
    readonly text: string,
    private readonly pieces: readonly Piece[],
    /** Where each piece begins in the text. */
    private readonly begins: readonly number[],
  ) {}

  static of(pieces: readonly Piece[]): Excerpt {
    const [only] = pieces;
    if (only && pieces.length === 1) return new Excerpt(only.text, pieces, [0]);
    let text = "";
    const begins: number[] = [];
    const used = pieces.filter((piece) => piece.text !== "");
    for (const piece of used) {
      begins.push(text.length);
      text += piece.text;
    }
    return new Excerpt(text, used, begins);
  }

  /** The number of the piece that a character belongs to. */
  private pieceOf(index: number): number {
    let low = 0;
    let high = this.begins.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.begins[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where some characters of the text are written. */
  span(start: number, end: number): { start: number; end: number } {
    const first = this.pieceOf(start);
    const piece = this.pieces[first];
    if (!piece) return { start: 0, end: 0 };
    // A piece that is not written as it reads is one whole.
    const from =
      piece.length === undefined ? piece.start + start - this.begins[first]! : piece.start;
    if (end <= start) return { start: from, end: from };
    const last = this.pieceOf(end - 1);
    const { start: lastStart, length } = this.pieces[last]!;
    return {
      start: from,
      end: lastStart + (length ?? end - this.begins[last]!),
    };
  }
}
