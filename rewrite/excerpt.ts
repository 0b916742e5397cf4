/** A stretch of a file as it reads, and where each of its parts is written. */
interface Piece {
  /** Where the piece is written. */
  readonly start: number;
  /** How it reads. */
  readonly text: string;
  /** How many characters it takes where it is written. Default: as many as it reads. */
  readonly length?: number;
}

interface Part extends Piece {
  /** Where the piece begins in the whole text. */
  readonly from: number;
  readonly verbatim: boolean;
}

/**
 * A text put together from pieces of a file: an instruction over several lines, a quoted text without its escapes, a
 * block without its indentation. It knows where each of its characters is written.
 */
export class Excerpt {
  private constructor(
    readonly text: string,
    private readonly parts: readonly Part[],
  ) {}

  static of(pieces: readonly Piece[]): Excerpt {
    let text = "";
    const parts: Part[] = [];
    for (const piece of pieces) {
      if (piece.text === "") continue;
      const verbatim = piece.length === undefined;
      parts.push({ ...piece, from: text.length, verbatim });
      text += piece.text;
    }
    return new Excerpt(text, parts);
  }

  private partOf(index: number): Part | undefined {
    let low = 0;
    let high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle]!.from <= index) low = middle;
      else high = middle - 1;
    }
    return this.parts[low];
  }

  /** Where some characters of the text are written. */
  span(start: number, end: number): { start: number; end: number } {
    const first = this.partOf(start);
    if (!first) return { start: 0, end: 0 };
    const written = first.verbatim ? first.start + start - first.from : first.start;
    if (end <= start) return { start: written, end: written };
    const last = this.partOf(end - 1)!;
    return {
      start: written,
      end: last.verbatim
        ? last.start + end - last.from
        : last.start + (last.length ?? last.text.length),
    };
  }
}
