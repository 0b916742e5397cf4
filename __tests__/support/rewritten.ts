import { cacheAt } from "../../ecr/cache-uri";
import {
  applyEdits,
  Mapper,
  orderEdits,
  type Reference,
  resolveSites,
} from "../../rewrite/reference";
import type { Site } from "../../rewrite/site";

/** The registry of the tests' cache; short, so that fixtures are readable. */
export const HOST = "cache.test";

/** Every upstream under its default prefix. */
export const mapper = new Mapper(cacheAt(HOST));

/** What an engine makes of a text. */
export function rewriteWith(
  engine: (text: string) => Site[],
  text: string,
): { text: string; references: Reference[] } {
  const references = resolveSites(text, engine(text), mapper);
  return {
    text: applyEdits(text, orderEdits(references.flatMap(({ edits }) => edits))),
    references,
  };
}

/** References as short lines: where, the name, and why it is left alone. */
export function brief(references: readonly Reference[]): string[] {
  return references.map(
    ({ line, column, image, why }) =>
      `${line}:${column} ${image}${why === undefined ? "" : ` (${why})`}`,
  );
}
