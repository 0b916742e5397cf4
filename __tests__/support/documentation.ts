import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/* The project's Markdown, as far as tests read it. */

/** The project's folder. */
export const project = join(__dirname, "../..");

/** A page of the documentation. */
export interface Page {
  /** Its path from the project's folder. */
  readonly path: string;
  readonly text: string;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(project, path), "utf8") };
}

/** Every page: the Markdown at the top of the project, in docs/ and its folders, and in bench/. */
export function pages(): Page[] {
  const below = (folder: string, recursive: boolean) =>
    readdirSync(join(project, folder), { recursive, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
      .map((entry) => relative(project, join(entry.parentPath, entry.name)));
  return [...below(".", false), ...below("docs", true), ...below("bench", false)]
    .sort()
    .map(readPage);
}

/** A fenced code block. */
export interface CodeBlock {
  /** What follows the opening fence, such as `sh`; empty for a block without a language. */
  readonly language: string;
  readonly code: string;
}

const FENCED = /^( *)```(\w*)\n(.*?)^ *```$/gms;

/** The fenced code blocks of a page, without the indentation of the list that a block is in. */
export function codeBlocks({ text }: Page, language?: string): CodeBlock[] {
  return [...text.matchAll(FENCED)]
    .map(([, indentation = "", found = "", code = ""]) => ({
      language: found,
      code: code.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
    }))
    .filter((block) => language === undefined || block.language === language);
}

/** What stands between single backticks, outside of fenced blocks. */
export function inlineCode({ text }: Page): string[] {
  return [...text.replaceAll(FENCED, "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) =>
    code.replaceAll(/\s+/g, " "),
  );
}

/** The targets of a page's links. */
export function links({ text }: Page): string[] {
  const prose = text.replaceAll(FENCED, "").replaceAll(/`[^`]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors that GitHub gives the headings of a page. */
export function anchors({ text }: Page): string[] {
  return [...text.replaceAll(FENCED, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
