import path from "node:path";
import type { Cache } from "../../ecr/cache-uri";
import type { ImagePath } from "../../rewrite/formats";
import { Mapper, type Reference } from "../../rewrite/reference";
import type { ReadFile } from "../../rewrite/reading-context";
import { Rewriter } from "../../rewrite/rewrite";
import type { Site } from "../../rewrite/site";
import type { FoundFile } from "./find-files";
import { type FileIdentity, readTextFile, type TextFile } from "./text-file";

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A place in a file as people and editors write it; without a place, the file. */
export function placeIn(file: string, place: Place | undefined): string {
  return place ? `${file}:${place.line}:${place.column}` : file;
}

/** Why a file could not be worked on. */
export type ProblemKind = "inaccessible" | "expected" | "invalid";

/** The result for a file. */
export type RewriteResult =
  | {
      readonly problem: string;
      /** Where in the file it is, if it is in the file. */
      readonly place?: Place;
      /**
       * `inaccessible`: there is no such file, or it can't be read. `expected`: it is invalid, and its name says that it names images. `invalid`: it is invalid.
       */
      readonly kind: ProblemKind;
    }
  | {
      readonly problem?: undefined;
      readonly references: readonly Reference[];
      /** The sites that name what is built. */
      readonly built: readonly Site[];
      /** The file as it was read; undefined for one that is of no interest. */
      readonly identity?: FileIdentity;
    };

/** Files that are no text, by their names. */
const BINARY =
  /\.(png|jpe?g|gif|ico|webp|bmp|avif|pdf|zip|t?gz|tar|bz2|xz|zst|7z|jar|war|class|exe|dll|so|dylib|a|o|bin|wasm|pyc|woff2?|ttf|otf|eot|mp[34]|mov|webm|db|sqlite)$/i;

/** Files that another one refers to are read up to this size, in bytes: many may refer to the same one. */
const MAX_SIZE_BESIDE = 1024 * 1024;

/** Lets formats look into other files, such as the Dockerfile of a Compose service. */
function readerBeside(file: string): ReadFile {
  return (relative) => {
    const result = readTextFile(path.resolve(path.dirname(file), relative), MAX_SIZE_BESIDE);
    return "file" in result ? result.file.text : undefined;
  };
}

/** Reads files and works out their changes. It writes none. */
export class FileRewriter {
  private readonly rewriter: Rewriter;

  /**
   * @param imagePaths Where images are in kinds of Kubernetes resources that no format knows.
   * @param assumeOfficial Names of official images of Docker Hub that are newer than the list of them.
   * @param includeSource Whether strings in programs are read.
   */
  constructor(
    cache: Cache,
    imagePaths: readonly ImagePath[] = [],
    assumeOfficial: readonly string[] = [],
    includeSource = false,
  ) {
    this.rewriter = new Rewriter({
      mapper: new Mapper(cache, new Set(assumeOfficial)),
      imagePaths,
      includeSource,
    });
  }

  /** Whether a file is of a format in which images are named, by its name. */
  isCandidate(name: string): boolean {
    return this.rewriter.isCandidate(name);
  }

  /** Whether a file may be text, by its name. */
  mayBeText(name: string): boolean {
    return !BINARY.test(name);
  }

  rewrite(found: FoundFile): RewriteResult {
    if (found.problem !== undefined) return { problem: found.problem, kind: "inaccessible" };
    const read = readTextFile(found.path);
    if ("problem" in read) {
      const isExpected = found.isNamed || this.isCandidate(found.path);
      if (isExpected) return { problem: read.problem, kind: "inaccessible" };
      return { references: this.rewriter.elsewhere(read.text ?? ""), built: [] };
    }
    try {
      return this.rewriteText(found, read.file);
    } catch (error) {
      // Whatever a file does to its reader, the other files are read all the same.
      if (error instanceof RangeError)
        return { problem: `can't be read: ${error.message}`, kind: "invalid" };
      const { name, message } = error as Error;
      return {
        problem: `can't be read, which is a defect of ecr-cache: ${name}: ${message}`,
        kind: "expected",
      };
    }
  }

  private rewriteText(
    { path: file, repositoryPath, isNamed }: Extract<FoundFile, { problem?: undefined }>,
    { text, identity }: TextFile,
  ): RewriteResult {
    const surroundings = { path: repositoryPath, readFile: readerBeside(file) };
    const result = this.rewriter.rewrite(text, surroundings, isNamed);
    if (result.problem) {
      const { reason, line, column, isExpected } = result.problem;
      const kind = isExpected ? "expected" : "invalid";
      return { problem: reason, place: { line, column }, kind };
    }
    const { references, built } = result;
    return { references, built, identity };
  }
}
