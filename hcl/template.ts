/*
 * Terraform's templates: strings in which `${…}` and `%{…}` are code, and `$${` and `%%{` stand for `${` and `%{`.
 * Source: https://developer.hashicorp.com/terraform/language/expressions/strings
 */

/** A part of a template: literal characters, with their escapes undone, or code. */
export type TemplatePart =
  | { readonly kind: "literal"; readonly text: string }
  /** `source` is what is between the braces. */
  | { readonly kind: "interpolation" | "directive"; readonly source: string };

const OPENING = /(\$\$|%%|\$|%)\{/g;

/**
 * The braces of code from a position on: those that are not in a quoted string, nor open or close code in one. Ends at
 * a closing brace that was not opened.
 */
export function* bracesOf(code: string, start = 0): Generator<{ index: number; depth: number }> {
  /** What is open around the position: a brace of code, code within a string, or a string. */
  const open: ("{" | "${" | '"')[] = [];
  for (let index = start; index < code.length; index += 1) {
    const character = code[index];
    if (open.at(-1) === '"') {
      if (character === "\\") index += 1;
      else if (character === '"') open.pop();
      else if (/^(\$\$|%%)\{/.test(code.slice(index, index + 3))) index += 2;
      else if (/^[$%]\{/.test(code.slice(index, index + 2))) {
        open.push("${");
        index += 1;
      }
    } else if (character === '"') open.push('"');
    else if (character === "{") {
      yield { index, depth: open.length };
      open.push("{");
    } else if (character === "}") {
      const closed = open.pop();
      if (closed !== "${") yield { index, depth: open.length };
      if (closed === undefined) return;
    }
  }
}

/** The index of the brace that closes the code from `start` on, or -1 if there is none. */
function closingBrace(text: string, start: number): number {
  let opened = 0;
  for (const { index } of bracesOf(text, start)) {
    if (text[index] === "{") opened += 1;
    else if (opened === 0) return index;
    else opened -= 1;
  }
  return -1;
}

/**
 * The parts of a template.
 *
 * @throws Error if code in it is not closed.
 */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = "";
  let from = 0;
  OPENING.lastIndex = 0;
  for (let found = OPENING.exec(text); found; found = OPENING.exec(text)) {
    literal += text.slice(from, found.index);
    const [opening, sign = ""] = found;
    from = OPENING.lastIndex;
    if (sign.length === 2) {
      literal += `${sign[0]}{`;
      continue;
    }
    const end = closingBrace(text, from);
    if (end < 0) throw new Error(`a template with an unclosed ${opening}: ${text}`);
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
    parts.push({
      kind: sign === "$" ? "interpolation" : "directive",
      source: text.slice(from, end),
    });
    from = end + 1;
    OPENING.lastIndex = from;
  }
  literal += text.slice(from);
  if (literal !== "") parts.push({ kind: "literal", text: literal });
  return parts;
}
