import { bracesOf, parseTemplate, type TemplatePart } from "./template";

/*
 * Values of Terraform's JSON syntax as HCL expressions, in the form that `terraform fmt` gives them.
 * Source: https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
 */

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How a string becomes an expression: as a template, which is Terraform's way, or as it is. */
type PrintString = (text: string) => string;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** What means something else than a key at the start of an object's item. */
const RESERVED = new Set(["for", "if", "in", "null", "true", "false"]);

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Literal characters as they are written between quotes. */
function escapeLiteral(text: string): string {
  return text
    .replace(/["\\\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => {
      const code = character.charCodeAt(0).toString(16).padStart(4, "0");
      return ESCAPES[character] ?? `\\u${code}`;
    })
    .replace(/([$%])\{/g, "$1$1{");
}

const quoteLiteral: PrintString = (text) => `"${escapeLiteral(text)}"`;

/** Code with a space inside of braces that are on one line. */
function formatCode(code: string): string {
  let formatted = "";
  let from = 0;
  for (const { index } of bracesOf(code)) {
    formatted += code.slice(from, index);
    from = index + 1;
    if (code[index] === "{") formatted += /^\{[\s}]/.test(code.slice(index)) ? "{" : "{ ";
    else formatted += /[\s{]$/.test(formatted) ? "}" : " }";
  }
  return (formatted + code.slice(from)).trim();
}

function printPart(part: TemplatePart): string {
  switch (part.kind) {
    case "literal":
      return escapeLiteral(part.text);
    case "interpolation":
      return `\${${part.source}}`;
    case "directive":
      return `%{${part.source}}`;
  }
}

/** A template; bare where it is one interpolation and nothing else, whose value may then be of any type. */
const printTemplate: PrintString = (text) => {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "interpolation") return formatCode(only.source);
  return `"${parts.map(printPart).join("")}"`;
};

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The width of a string in a column, as `terraform fmt` counts. */
function width(text: string): number {
  return [...graphemes.segment(text)].length;
}

export const indentation = (depth: number) => "  ".repeat(depth);

/** Items `name = value`, with the equals signs of neighbours on one line each below each other. */
export function printItems(items: readonly (readonly [string, string])[], depth: number): string {
  const lines: string[] = [];
  let column: (readonly [string, string])[] = [];
  const flush = () => {
    const widest = Math.max(0, ...column.map(([name]) => width(name)));
    for (const [name, value] of column) {
      const padding = " ".repeat(widest - width(name));
      lines.push(`${indentation(depth)}${name}${padding} = ${value}`);
    }
    column = [];
  };
  for (const [name, value] of items) {
    if (value.includes("\n")) {
      flush();
      lines.push(`${indentation(depth)}${name} = ${value}`);
    } else column.push([name, value]);
  }
  flush();
  return lines.join("\n");
}

function printKey(key: string, printString: PrintString): string {
  if (IDENTIFIER.test(key) && !RESERVED.has(key)) return key;
  const printed = printString(key);
  // A key that is code needs brackets, or it would be taken for a name.
  return printed.startsWith('"') ? printed : `(${printed})`;
}

function print(value: Json, depth: number, printString: PrintString): string {
  if (typeof value === "string") return printString(value);
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return printList(value as readonly Json[], depth, printString);
  const items = Object.entries(value as Readonly<Record<string, Json>>).map(
    ([key, item]) => [printKey(key, printString), print(item, depth + 1, printString)] as const,
  );
  return items.length === 0 ? "{}" : `{\n${printItems(items, depth + 1)}\n${indentation(depth)}}`;
}

function printList(list: readonly Json[], depth: number, printString: PrintString): string {
  if (list.length === 0) return "[]";
  const [only] = list;
  if (list.length === 1 && (only === null || typeof only !== "object")) {
    return `[${print(only as Json, depth, printString)}]`;
  }
  const lines = list.map(
    (item) => `${indentation(depth + 1)}${print(item, depth + 1, printString)},`,
  );
  return `[\n${lines.join("\n")}\n${indentation(depth)}]`;
}

/** A value whose strings are templates. */
export function printExpression(value: Json, depth: number): string {
  return print(value, depth, printTemplate);
}

/** A list of names, such as that of `depends_on`. */
export function printNames(names: readonly string[], depth: number): string {
  return printList(names, depth, (name) => name);
}

/**
 * A JSON document as a call of `jsonencode`; undefined for a string that is not JSON, or that has code in it.
 *
 * The string that Terraform evaluates it to has the same meaning and not always the same characters: `jsonencode` sorts
 * keys, and escapes `<`, `>` and `&`.
 */
export function printJsonDocument(text: string, depth: number): string | undefined {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length !== 1 || only?.kind !== "literal" || !only.text.startsWith("{"))
    return undefined;
  try {
    return `jsonencode(${print(JSON.parse(only.text) as Json, depth, quoteLiteral)})`;
  } catch {
    return undefined;
  }
}
