import type { CommandReader } from "./commands";
import type { Site } from "./site";
import type { Node, ScalarNode } from "./tree";

/** The text of another file, by its path from this one's folder; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** What the engine may ask of its surroundings. */
export interface Surroundings {
  /** The file's path, with `/` between folders. */
  readonly path: string;
  readonly readFile?: ReadFile;
}

/** What a reading may see and do. */
export interface ReadingContext {
  readonly text: string;
  readonly document: Node;
  readonly surroundings: Surroundings;
  readonly commands: CommandReader;
  add(site: Site): void;
  /** Adds the target of an alias. */
  addAliased(scalar: ScalarNode, site: Site): void;
  /** Adds the name of what is built here, where an image would be named otherwise. */
  addBuilt(site: Site): void;
  /** Adds a name under which an image is built; it is no reference to one. */
  addBuiltName(site: Site): void;
  /** Adds the images of a part of the document that holds the values of a Helm chart. */
  readValues(node: Node): void;
  /**
   * The images of a document that is a string in this one. Their places are those in the string.
   *
   * @param format Its format. Default: it is recognised.
   */
  readWithin(text: string, document: Node, format?: string): Site[];
}
