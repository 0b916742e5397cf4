import path from "node:path";
import type { Cache } from "../../ecr/cache-uri";
import type { ImagePath } from "../../rewrite/formats";
import { Mapper, type Reference } from "../../rewrite/reference";
import { Rewriter } from "../../rewrite/rewrite";
import type { FoundFile } from "./find-files";
import { type FileIdentity, readTextFile } from "./text-file";

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A place in a file as people and editors write it; without a place, the file. */
export function placeIn(file: string, place: Place | undefined): string {
  return place ? `${file}:${place.line}:${place.column}` : file;
}

/** The result for a file. */
export type RewriteResult =
  | {
      readonly problem: string;
      /** Where in the file it is, if it is in the file. */
      readonly place?: Place;
    }
  | {
      readonly problem?: undefined;
      readonly references: readonly Reference[];
      /** Set if the text would change. */
      readonly change?: {
        readonly before: string;
        readonly after: string;
        readonly identity: FileIdentity;
      };
    };

/** Lets formats look into other files, such as the Dockerfile of a Compose service. */
function readerBeside(file: string): (relative: string) => string | undefined {
  return (relative) => {
    const result = readTextFile(path.resolve(path.dirname(file), relative));
    return "file" in result ? result.file.text : undefined;
  };
}

/** Reads files and works out their changes. It writes none. */
export class FileRewriter {
  private readonly rewriter: Rewriter;

  /** @param imagePaths Where images live in kinds of Kubernetes that no format knows. */
  constructor(cache: Cache, imagePaths: readonly ImagePath[] = []) {
    this.rewriter = new Rewriter({ mapper: new Mapper(cache), imagePaths });
  }

  /** Whether a file may name images, by its name. */
  isCandidate(name: string): boolean {
    return this.rewriter.isCandidate(name);
  }

  rewrite(found: FoundFile): RewriteResult {
    if (found.problem !== undefined) return { problem: found.problem };
    const { path: file, repositoryPath, isNamed } = found;
    const read = readTextFile(file);
    if ("problem" in read) return { problem: read.problem };
    const { text, identity } = read.file;
    const surroundings = { path: repositoryPath, readFile: readerBeside(file) };
    const result = this.rewriter.rewrite(text, surroundings, isNamed);
    if (result.problem) {
      const { reason, line, column } = result.problem;
      return { problem: reason, place: { line, column } };
    }
    const { references, text: after } = result;
    return {
      references,
      ...(after !== text && { change: { before: text, after, identity } }),
    };
  }
}
