import { writeFile } from "node:fs/promises";
import { UserError } from "../../ecr/user-error";

/*
 * Reports as self-contained pages: no scripts, fonts or images from elsewhere; light and dark.
 */

const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b2430; --muted: #566173;
  --line: #d9dee6; --track: #edf0f4; --bar: #2f6bd8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151c; --card: #1a202a; --text: #e7ebf2; --muted: #a3aec0;
    --line: #323b4a; --track: #262e3a; --bar: #7aa7ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 72rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 1rem; font-size: 1.05rem; }
header p { margin: .25rem 0 1.5rem; color: var(--muted); }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.25rem;
}
.figures {
  display: grid; gap: 1rem; margin: 0 0 1rem;
  grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr));
}
.figures dt { color: var(--muted); font-size: .9rem; }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; white-space: nowrap; font-variant-numeric: tabular-nums; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; font-size: .9rem; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; }
th[scope=row] { font-weight: 400; overflow-wrap: anywhere; }
td, thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.notes { margin-top: 1rem; }
.notes p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
.notes p:last-child { margin: 0; }
@media print { body { background: none; padding: 0; } .card { break-inside: avoid; } }
`.trim();

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text escaped for an element or an attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A page of a report. All but the title is HTML. */
export interface Page {
  readonly title: string;
  /** The line below the title. */
  readonly subtitle: string;
  /** Rules beside the common ones. */
  readonly style: string;
  readonly body: string;
}

/** A page as a document. */
export function htmlPage({ title, subtitle, style, body }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>
${STYLE}
${style}
</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${subtitle}</p>
</header>
${body}
</main>
</body>
</html>
`;
}

/** The numbers at the top of a page, by name. */
export function figures(list: readonly (readonly [name: string, value: string])[]): string {
  return `<dl class="figures">${list
    .map(
      ([name, value]) =>
        `<div class="card"><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
    )
    .join("")}</dl>`;
}

/**
 * Writes a page.
 *
 * @param option The option that names the file.
 * @throws UserError if the file can't be written.
 */
export async function writePage(option: string, file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== "string") throw error;
    throw new UserError(
      `${option}: ${JSON.stringify(file)} can't be written (${code}). Name a file in an existing folder that you may write to`,
    );
  }
}
