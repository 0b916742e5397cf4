import { Excerpt } from "./excerpt";
import { type Block, type Body, type Expression, parseHcl } from "./hcl-tree";
import type { Token } from "./hcl-tokens";
import { type Site, siteIn, sitesIn } from "./site";
import { onlyIfLikely } from "./likely";
import { readTemplate } from "./template";
import { type TerraformContext, type TerraformPlace, terraformPlaceOf } from "./terraform-places";

/*
 * The engine for HCL: images in the attributes of Terraform's blocks, and in the objects that make JSON.
 */

/** Reads a string in HCL that is written in another syntax. `format` names one of formats.ts. */
export type ReadEmbedded = (kind: "json" | "yaml", text: string, format?: string) => Site[];

const IMAGE_URL = /^docker(-image)?:\/\//;

/** How much of an expression is shown. */
const SHOWN_LENGTH = 60;

const MAX_CODE_POINT = 0x10ffff;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g;

/** The characters of a quoted string, without its escapes; what is filled in stays as it is written. */
function excerptOf(text: string, { kind, content, parts = [] }: Token): Excerpt {
  if (!content) return Excerpt.of([]);
  const raw = text.slice(content.start, content.end);
  if (kind === "heredoc" || !raw.includes("\\")) {
    return Excerpt.of([{ start: content.start, text: raw }]);
  }
  const pieces: { start: number; text: string; length?: number }[] = [];
  for (const part of parts) {
    const piece = text.slice(part.start, part.end);
    if (part.kind === "filled") {
      pieces.push({ start: part.start, text: piece });
      continue;
    }
    let at = 0;
    for (const { index, 0: escape } of piece.matchAll(ESCAPE)) {
      pieces.push({ start: part.start + at, text: piece.slice(at, index) });
      const code = parseInt(/^\\[uU](.+)$/.exec(escape)?.[1] ?? "", 16);
      const character = code <= MAX_CODE_POINT ? String.fromCodePoint(code) : escape.slice(1);
      pieces.push({
        start: part.start + index,
        text: ESCAPES[character] ?? character,
        length: escape.length,
      });
      at = index + escape.length;
    }
    pieces.push({ start: part.start + at, text: piece.slice(at) });
  }
  return Excerpt.of(pieces);
}

class HclReader {
  private readonly sites: Site[] = [];

  constructor(
    private readonly text: string,
    private readonly readEmbedded: ReadEmbedded,
  ) {}

  read(body: Body): Site[] {
    this.readBody(body, { block: "", names: [] });
    return this.sites.sort((a, b) => a.start - b.start);
  }

  private readBody({ attributes, blocks }: Body, around: TerraformContext): void {
    for (const { name, value } of attributes) {
      const builtBy = terraformPlaceOf(name, around)?.builtBy;
      if (builtBy !== undefined && blocks.some(({ type }) => type === builtBy)) {
        this.readBuilt(value, true);
      } else this.readAttribute(name, value, around);
    }
    for (const block of blocks) this.readBlock(block, around);
  }

  private readBlock({ type, labels, body }: Block, around: TerraformContext): void {
    const isOutermost = around.block === "" && around.names.length === 0;
    this.readBody(
      body,
      isOutermost
        ? { block: [type, ...labels.slice(0, 1)].join("."), names: [type] }
        : { ...around, names: [...around.names, type] },
    );
  }

  /** Names under which images are built. @param isReference Whether one is where an image would be named otherwise. */
  private readBuilt(value: Expression, isReference: boolean): void {
    if (value.kind === "list") {
      for (const item of value.items) this.readBuilt(item, isReference);
    } else if (value.kind === "text") {
      const leave = { why: "built-here", reason: "it names what is built here" } as const;
      this.add({ ...this.siteOf(value), builds: "tag", ...(isReference && { leave }) });
    }
  }

  private readAttribute(name: string, value: Expression, around: TerraformContext): void {
    const place = terraformPlaceOf(name, around);
    if (place) this.readPlace(place, value);
    this.readInside(value, { ...around, names: [...around.names, name] });
  }

  /** Attributes of objects, at any depth of an expression. */
  private readInside(value: Expression, around: TerraformContext): void {
    if (value.kind === "text") return;
    if (value.kind === "object") {
      for (const { key, value: inner } of value.items) this.readAttribute(key, inner, around);
      return;
    }
    const names = value.kind === "call" ? [...around.names, value.name] : around.names;
    for (const item of value.items) this.readInside(item, { ...around, names });
  }

  private readPlace({ reads, format }: TerraformPlace, value: Expression): void {
    switch (reads) {
      case "image":
        this.add(this.siteOf(value));
        return;
      case "image-url":
        if (value.kind === "text" && IMAGE_URL.test(excerptOf(this.text, value.token).text)) {
          this.add(this.siteOf(value));
        }
        return;
      case "built-image":
        this.readBuilt(value, false);
        return;
      case "likely-image":
        if (value.kind === "text") this.add(onlyIfLikely(this.siteOf(value)));
        return;
      case "lambda-image":
        this.add({
          ...this.siteOf(value),
          leave: { why: "lambda", reason: "Lambda can't pull an image through a cache" },
        });
        return;
      case "json":
      case "yaml":
        this.readTexts(reads, value, format);
        return;
      case "nothing":
        return;
    }
  }

  private add(site: Site | undefined): void {
    if (site && site.image !== "") this.sites.push(site);
  }

  private siteOf(value: Expression): Site {
    if (value.kind !== "text") {
      const { start, end } = value;
      return {
        start,
        end: start,
        image: this.text.slice(start, Math.min(end, start + SHOWN_LENGTH)).trim(),
        leave: { why: "variable", reason: "an expression decides which image it is" },
      };
    }
    const excerpt = excerptOf(this.text, value.token);
    const written = excerpt.text.trim();
    // Nomad's Podman driver takes URLs, too.
    const image = written.replace(IMAGE_URL, "");
    const from = excerpt.text.indexOf(written) + written.length - image.length;
    return siteIn(excerpt, from, from + image.length);
  }

  /** Strings in another syntax: one, or those of a list. */
  private readTexts(kind: "json" | "yaml", value: Expression, format: string | undefined): void {
    if (value.kind === "list") {
      for (const item of value.items) this.readTexts(kind, item, format);
    } else if (value.kind === "text") {
      const excerpt = excerptOf(this.text, value.token);
      const read = (text: string) => this.readEmbedded(kind, text, format);
      const sites = kind === "json" ? readTemplate(excerpt.text, read) : read(excerpt.text);
      for (const site of sitesIn(excerpt, sites)) this.add(site);
    }
  }
}

/** Every image that an HCL file names. */
export function readHcl(text: string, readEmbedded: ReadEmbedded): Site[] {
  return new HclReader(text, readEmbedded).read(parseHcl(text));
}
