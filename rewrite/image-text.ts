import { readImageReference } from "../ecr/image-reference";
import { uncacheableRegistry } from "../ecr/uncacheable-registries";
import { upstreamOfHost } from "../ecr/upstreams";

/*
 * The strings in a file where an image name belongs: a name, or a name that a program fills in before it is used.
 * Every syntax marks what is filled in with characters that no image name has, so one reader does for all.
 */

/** An image name as it is written in a file, in two parts. */
export interface ImageText {
  /** Registry and repository; free of variables. */
  readonly name: string;
  /** `:TAG`, `@DIGEST`, both or nothing; it may have variables. */
  readonly version: string;
}

/** The result of `readImageText`. */
export type ReadImageText =
  | (ImageText & { readonly why?: undefined })
  | {
      /** It is no image name. */
      readonly why: "invalid";
      readonly problem: string;
    }
  | {
      /** Something is filled in outside of tag and digest. */
      readonly why: "variable";
      readonly problem: string;
      /** Registry and repository, with their variables. */
      readonly name: string;
      /** What is written before the part of the name with the first variable, with the slash: `quay.io/acme/`. */
      readonly prefix: string;
      /** Whether there is another slash behind that. */
      readonly isDeep: boolean;
    };

interface Span {
  readonly start: number;
  readonly end: number;
}

const BRACKETS: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]", "<": ">" };

/** Where the bracket closes that opens at `start`; the end of the text if it does not. */
export function closingBracket(text: string, start: number): number {
  const open = text[start]!;
  const close = BRACKETS[open];
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === open) depth += 1;
    else if (text[at] === close && (depth -= 1) === 0) return at + 1;
  }
  return text.length;
}

const WORD = /\w*/y;

function wordEnd(text: string, start: number): number {
  WORD.lastIndex = start;
  WORD.exec(text);
  return WORD.lastIndex;
}

/** How variables are written: what they begin with, and where they end. */
const VARIABLES: readonly { begins: string; end: (text: string, start: number) => number }[] = [
  // ${X}, ${X:-default}, ${{ x }}
  { begins: "${", end: (text, start) => closingBracket(text, start + 1) },
  // $(X), $(command)
  { begins: "$(", end: (text, start) => closingBracket(text, start + 1) },
  // $[[ inputs.x ]]
  { begins: "$[", end: (text, start) => closingBracket(text, start + 1) },
  // $X, and a $ by itself
  { begins: "$", end: (text, start) => wordEnd(text, start + 1) },
  // {{ .Values.x }}
  { begins: "{{", end: (text, start) => closingBracket(text, start) },
  // %{ if x }
  { begins: "%{", end: (text, start) => closingBracket(text, start + 1) },
  // <IMAGE1_NAME>
  { begins: "<", end: (text, start) => closingBracket(text, start) },
];

/** Where a string has variables, whatever syntax they are written in. */
function variableSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const variable = VARIABLES.find(({ begins }) => text.startsWith(begins, at));
    if (!variable) continue;
    const span = { start: at, end: variable.end(text, at) };
    spans.push(span);
    at = span.end - 1;
  }
  return spans;
}

const MAY_HAVE_VARIABLES = /[$<]|\{\{|%\{/;

/** Whether something in the string is filled in before it is used. */
export function hasVariable(text: string): boolean {
  return MAY_HAVE_VARIABLES.test(text);
}

/** Splits a string that is where an image name belongs. */
export function readImageText(text: string): ReadImageText {
  const spans = hasVariable(text) ? variableSpans(text) : [];
  // What is filled in is treated as letters, so that the name can be split by its own punctuation.
  let masked = "";
  for (const { start, end } of spans) {
    masked += text.slice(masked.length, start) + "v".repeat(end - start);
  }
  masked += text.slice(masked.length);
  const at = masked.indexOf("@");
  const named = at < 0 ? masked : masked.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const versionStart = colon >= 0 ? colon : named.length;
  const name = text.slice(0, versionStart);
  const version = text.slice(versionStart);

  const variable = spans.find(({ start }) => start < versionStart);
  if (variable) {
    const maskedName = masked.slice(0, versionStart);
    const isName = readImageReference(maskedName).problem === undefined;
    const prefix = isName ? text.slice(0, text.lastIndexOf("/", variable.start) + 1) : "";
    return {
      why: "variable",
      problem: `the name depends on ${text.slice(variable.start, variable.end)}`,
      name,
      prefix,
      isDeep: maskedName.includes("/", prefix.length),
    };
  }
  if (spans.length > 0) {
    const tag = named.slice(versionStart);
    const digest = masked.slice(named.length);
    const problem = readImageReference(name).problem;
    if (problem === undefined && /^(:[\w.-]+)?$/.test(tag) && /^(@[\w.+:-]+)?$/.test(digest)) {
      return { name, version };
    }
    return { why: "invalid", problem: problem ?? `found ${JSON.stringify(version)} for a version` };
  }
  const { problem } = readImageReference(text);
  return problem === undefined ? { name, version } : { why: "invalid", problem };
}

/** A variable with a default, `${NAME:-DEFAULT}` or `${NAME-DEFAULT}`, as a shell, Docker and Compose know it. */
export interface DefaultedVariable {
  readonly variable: string;
  /** The default; undefined where there is none. */
  readonly fallback?: string;
  /** Where the default begins in the string. */
  readonly fallbackStart: number;
}

const NAME = /[A-Za-z_]\w*/y;
const DEFAULT_OPERATOR = /:?-/y;

function matchAt(form: RegExp, text: string, at: number): string | undefined {
  form.lastIndex = at;
  return form.exec(text)?.[0];
}

/** Where each brace of a text closes. */
function closingBraces(text: string): ReadonlyMap<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "{") open.push(at);
    else if (text[at] === "}" && open.length > 0) closing.set(open.pop()!, at + 1);
  }
  return closing;
}

/**
 * The variables of a string that is one variable and nothing else, such as `$BASE`, `${BASE}` or `${BASE:-nginx}`: the
 * variable, then that of its default if that is one, and so on. Empty for any other string.
 */
export function readVariables(text: string): DefaultedVariable[] {
  const variables: DefaultedVariable[] = [];
  let closing: ReadonlyMap<number, number> | undefined;
  let end = text.length;
  for (let start = 0; text[start] === "$";) {
    const braced = text[start + 1] === "{";
    const nameStart = start + (braced ? 2 : 1);
    const variable = matchAt(NAME, text, nameStart);
    if (variable === undefined) break;
    const nameEnd = nameStart + variable.length;
    closing ??= closingBraces(text);
    if (braced && closing.get(start + 1) !== end) break;
    if (braced) end -= 1;
    if (nameEnd === end) variables.push({ variable, fallbackStart: end });
    const operator = braced ? matchAt(DEFAULT_OPERATOR, text, nameEnd) : undefined;
    if (nameEnd === end || operator === undefined) break;
    const fallbackStart = nameEnd + operator.length;
    variables.push({ variable, fallback: text.slice(fallbackStart, end), fallbackStart });
    start = fallbackStart;
  }
  return variables;
}

const PICTURE = /\.(png|jpe?g|gif|svg|webp|ico|bmp|avif)$/i;

/**
 * Whether a string is an image name beyond reasonable doubt, wherever it is: it has a tag or a digest, or the
 * host of a public registry.
 */
export function looksLikeImage(text: string): boolean {
  const read = readImageText(text);
  if (read.why !== undefined || PICTURE.test(read.name)) return false;
  if (read.version !== "") return true;
  const host = read.name.slice(0, Math.max(read.name.indexOf("/"), 0));
  return upstreamOfHost(host) !== undefined || uncacheableRegistry(host) !== undefined;
}

/** Whether a string could be an image name, judging by its form. */
export function mayBeImage(text: string): boolean {
  const read = readImageText(text);
  return read.why === "variable" || (read.why === undefined && !PICTURE.test(read.name));
}
