import { execFileSync } from "node:child_process";
import { join } from "node:path";

/*
 * What HCL and Terraform's JSON say, in one form for both.
 */

type Value = null | boolean | number | string | Value[] | Record_;
interface Record_ {
  [key: string]: Value;
}

const NAMES = new Set(["provider", "to", "from", "depends_on", "ignore_changes"]);
const DOCUMENTS =
  /^(policy|assume_role_policy|lifecycle_policy|repository_policy|event_pattern|dashboard_body)$/;
const CALL = /^\$\{jsonencode\(([^]*)\)\}$/;

const isRecord = (value: Value | undefined): value is Record_ =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value with each of its strings, and of its keys, as another. */
function mapStrings(value: Value, map: (text: string) => string): Value {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, map));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [map(key), mapStrings(each, map)]),
  );
}

const unescapeTemplate = (text: string) => text.normalize("NFC").replace(/([$%])\1\{/g, "$1{");

function parse(texts: readonly string[]): Value[] {
  const script = join(__dirname, "parse-hcl.cjs");
  const input = JSON.stringify(texts);
  const output = execFileSync(process.execPath, [script], { input, maxBuffer: 1 << 30 });
  return JSON.parse(output.toString()) as Value[];
}

/** The arguments of all calls of `jsonencode` that are a value of their own. */
function callsIn(value: Value, found = new Set<string>()): Set<string> {
  mapStrings(value, (text) => {
    const argument = CALL.exec(text)?.[1];
    if (argument !== undefined) found.add(argument);
    return text;
  });
  return found;
}

/** A value in one form, whichever syntax it was in: references and documents, and a list of one block as that block. */
function normalize(value: Value, documents: ReadonlyMap<string, Value>, key = ""): Value {
  if (typeof value === "string") {
    // Terraform does the same to every string.
    const text = value.normalize("NFC");
    if (DOCUMENTS.test(key)) {
      const call = CALL.exec(value)?.[1];
      if (call !== undefined) return mapStrings(documents.get(call)!, unescapeTemplate);
      if (value.startsWith("{")) return JSON.parse(unescapeTemplate(text)) as Value;
    }
    if (NAMES.has(key) || (key === "type" && /^\w+$/.test(text))) {
      return text.startsWith("${") ? text : `\${${text}}`;
    }
    return text.startsWith("${") ? text.replace(/\{ /g, "{").replace(/ \}/g, "}") : text;
  }
  if (Array.isArray(value)) {
    const [first] = value;
    return value.length === 1 && isRecord(first)
      ? normalize(first, documents)
      : value.map((each) => normalize(each, documents, key));
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      // In a block, a key of that name is a comment.
      .filter(([name, inner]) => name !== "//" || !isRecord(inner))
      .map(([name, inner]) => [name.normalize("NFC"), normalize(inner, documents, name)]),
  );
}

/** What configurations in HCL say, by HashiCorp's own parser. */
export function readHcl(texts: readonly string[]): Value[] {
  const parsed = parse(texts);
  const calls = [...parsed.reduce<Set<string>>((found, each) => callsIn(each, found), new Set())];
  const arguments_ = parse(calls.map((call) => `locals {\nvalue = ${call}\n}\n`));
  const documents = new Map(
    calls.map((call, index) => {
      const { locals } = arguments_[index] as { locals: [{ value: Value }] };
      return [call, locals[0].value];
    }),
  );
  return parsed.map((each) => normalize(each, documents));
}

/** What a configuration in Terraform's JSON says. */
export function readJson(configuration: object): Value {
  return normalize(JSON.parse(JSON.stringify(configuration)) as Value, new Map());
}
