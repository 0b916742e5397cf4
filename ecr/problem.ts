/** One thing wrong with what a user wrote. */
export interface Problem {
  /** Where, as property names and list indices from the top of the value. */
  readonly path: readonly PropertyKey[];
  /** What was found, in words or as JSON; never a secret. */
  readonly found: string;
  /** What is allowed instead, and why where that is not obvious. */
  readonly allowed: string;
}

const PLAIN_KEY = /^[\w$-]+$/;

/**
 * A string in quotes, with escapes for what JSON leaves as it is and a terminal takes for a control or a line's end, and
 * for the marks that make a string differ from one that looks the same.
 */
const quote = (text: string) =>
  JSON.stringify(text).replace(
    text.normalize("NFC") === text
      ? /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_C}]/gu
      : /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_C}\p{M}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** `["rules", 0, "prefix"]` as `rules[0].prefix`; keys that are no plain words as `tags["aws:x"]`, never with a secret. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const key = String(part);
      return PLAIN_KEY.test(key) ? `${index === 0 ? "" : "."}${key}` : `[${showString(key)}]`;
    })
    .join("");
}

/** One line: where, what was found, what is allowed. */
export function formatProblem(problem: Problem, where = ""): string {
  const path = formatPath(problem.path);
  const place = [where, path].filter((part) => part !== "").join(": ");
  return `${place}: found ${problem.found}; allowed: ${problem.allowed}`;
}

const SHOWN_LENGTH = 100;

/**
 * Secrets in URLs (`https://user:PASSWORD@host`, `https://TOKEN@host`), in connection strings and queries
 * (`password=PASSWORD`, `sslpassword=…`, `private_token=…`), and in PEM files.
 */
const PASSWORDS: readonly RegExp[] = [
  /(:\/\/[^/@:\s]*:)\S+(?=@)/g,
  /(\bhttps?:\/\/)[^/?#@:\s]+(?=@)/gi,
  /(\b\w*(?:password|passwd|secret|token|signature|\bsig|api_?key)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|\S+)/gi,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^]*/g,
];

/** A text with an ellipsis in place of each password, token and private key. */
export function hidePasswords(text: string): string {
  return PASSWORDS.reduce((shown, password) => shown.replace(password, "$1…"), text);
}

/** A text with an ellipsis in place of the query of each web address, any part of which may be a secret. */
const hideQueries = (text: string) => text.replace(/(\bhttps?:\/\/[^\s?#]*\?)\S+/gi, "$1…");

/** A string in quotes, without what may be a secret. */
const showString = (text: string) => shorten(quote(hideQueries(hidePasswords(text))));

/**
 * A value as one short piece of text for `Problem.found`, without what may be a secret: of an object only the keys, of
 * a list only the length, of a connection not the password.
 */
export function show(value: unknown): string {
  if (typeof value === "string") return showString(value);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const keys = Object.keys(value);
    return keys.length === 0
      ? "an empty object"
      : shorten(`an object with ${keys.map(showKey).join(", ")}`);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return showKind(value);
}

const showKey = (key: string) => (PLAIN_KEY.test(key) ? key : showString(key));

/** What kind of value it is, and nothing of what is in it. */
export function showKind(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "string") return "a string";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

function shorten(text: string): string {
  return text.length > SHOWN_LENGTH
    ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)`
    : text;
}
