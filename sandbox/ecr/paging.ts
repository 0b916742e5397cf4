import { invalidParameter } from "./exceptions";

export interface PageRequest {
  readonly nextToken?: string;
  readonly maxResults?: number;
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextToken?: string;
}

const DEFAULT_PAGE = 100;

/**
 * One page of a list, in the order of the items' keys. A token names the last key of the previous page, so that items
 * created or deleted between two calls cause no other item to be omitted or repeated.
 *
 * Source of the sizes: `maxResults` in the API reference of each action (1 to 1000 unless given, 100 by default).
 */
export function page<Item>(
  items: Iterable<Item>,
  keyOf: (item: Item) => string,
  { nextToken, maxResults = DEFAULT_PAGE }: PageRequest,
  largest = 1000,
): Page<Item> {
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > largest) {
    throw invalidParameter("maxResults", `Member must be between 1 and ${largest}`);
  }
  const after = nextToken === undefined ? undefined : decode(nextToken);
  const rest = [...items]
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  const shown = rest.slice(0, maxResults);
  return {
    items: shown.map(({ item }) => item),
    ...(rest.length > shown.length && { nextToken: encode(shown.at(-1)?.key ?? "") }),
  };
}

const MARK = "after:";

function encode(key: string): string {
  return Buffer.from(MARK + key).toString("base64url");
}

function decode(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith(MARK)) throw invalidParameter("nextToken", "Invalid token");
  return text.slice(MARK.length);
}
