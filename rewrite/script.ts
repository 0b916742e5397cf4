import { CommandReader } from "./commands";
import { Excerpt } from "./excerpt";
import { readImageText } from "./image-text";
import { type Site } from "./site";

/*
 * Shell scripts and Makefiles: the images of their commands, which are often in variables. A variable that is a whole image name
 * is changed where it is assigned, as with Dockerfile's ARG.
 */

/** `NAME=value`, `NAME ?= value`, `export NAME="value"`: a value without space. */
const ASSIGNMENT =
  /^[ \t]*(?:(?:export|readonly|local|declare(?:[ \t]+-\w+)*)[ \t]+)?(\w+)[ \t]*[:?]{0,3}=[ \t]*(["']?)([^\s"'`;|&#()]+)\2[ \t]*(?:[;#].*)?\r?$/gm;

/** A variable by itself, or with a tag behind it; with parentheses, as make has it. */
const VARIABLE = /^\$(?:\{(\w+)\}|\((\w+)\)|(\w+))(?=$|[:@])/;
const VARIABLES = /\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g;

/** How often the variables in a name are replaced by what they are assigned. */
const MAX_EXPANSIONS = 5;

function assignmentsOf(text: string): Map<string, Site[]> {
  const assigned = new Map<string, Site[]>();
  for (const match of text.matchAll(ASSIGNMENT)) {
    const [whole, name = "", quote = "", image = ""] = match;
    // `${X:-default}` is read where it is written.
    const start = match.index + whole.indexOf(image, whole.indexOf("=") + 1 + quote.length);
    const others = assigned.get(name) ?? [];
    others.push({ start, end: start + image.length, image });
    assigned.set(name, others);
  }
  return assigned;
}

function nameIn(groups: readonly (string | undefined)[]): string {
  return groups.find((group) => group !== undefined) ?? "";
}

/** What a name reads once variables that have one value are replaced; the others stay. */
function expand(image: string, assigned: ReadonlyMap<string, readonly Site[]>): string {
  let expanded = image;
  for (let times = 0; times < MAX_EXPANSIONS; times += 1) {
    const next = expanded.replace(VARIABLES, (written, ...groups: (string | undefined)[]) => {
      const values = assigned.get(nameIn(groups.slice(0, 3)));
      return values?.length === 1 ? values[0]!.image : written;
    });
    if (next === expanded || next.length > 1000) break;
    expanded = next;
  }
  return expanded;
}

/** Every image that a shell script or a Makefile names in its commands. */
export function readScript(text: string): Site[] {
  const commands = new CommandReader();
  commands.read(Excerpt.of([{ start: 0, text }]));
  const sites = commands.sites();
  if (sites.length === 0) return [];
  const assigned = assignmentsOf(text);
  const found = new Map<number, Site>();
  const built: Site[] = [];
  // One variable may be used, and assigned, many times: it is followed once.
  const followed = new Set<string>();
  for (const site of sites) {
    const variable = VARIABLE.exec(site.image)?.[0];
    if (variable !== undefined && !site.builds && assigned.has(variable.replace(/[${}()]/g, ""))) {
      if (followed.has(variable)) continue;
      followed.add(variable);
    }
    const values = site.builds ? undefined : valuesOf(site, assigned);
    if (values) for (const value of values) found.set(value.start, value);
    else if (site.builds) built.push(site, { ...site, image: expand(site.image, assigned) });
    else found.set(site.start, site);
  }
  return [...found.values(), ...built].sort((a, b) => a.start - b.start);
}

/** Where the variable that an image consists of is assigned; undefined if it is not a variable that can be followed. */
function valuesOf(site: Site, assigned: ReadonlyMap<string, readonly Site[]>): Site[] | undefined {
  const [, ...groups] = VARIABLE.exec(site.image) ?? [];
  const values = groups.length > 0 ? assigned.get(nameIn(groups)) : undefined;
  if (!values) return undefined;
  return values.flatMap((value) => {
    const read = readImageText(value.image);
    return read.why === "variable" ? (valuesOf(value, new Map()) ?? [value]) : [value];
  });
}
