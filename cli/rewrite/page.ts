import { readImageReference } from "../../ecr/image-reference";
import { formatCount } from "../shell/format";
import { escapeHtml, figures, htmlPage } from "../shell/html-page";
import { count, escapeOutput } from "../shell/output";
import { placeIn } from "../shell/rewrite-file";
import { unifiedDiff } from "./diff";
import { changesIn, type FileProblem, type FileResult, type Printer } from "./printers";

/*
 * What `rewrite` would change as a page, for those who have to approve a change to hundreds of files.
 */

const STYLE = `
section { margin-bottom: 1rem; }
pre { margin: .5rem 0 0; padding: .6rem .75rem; overflow-x: auto; border-radius: .4rem; background: var(--track);
  font: .85rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre span { display: block; white-space: pre; }
.added { background: color-mix(in srgb, #2da44e 22%, transparent); }
.removed { background: color-mix(in srgb, #cf222e 18%, transparent); }
.place { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .85rem; }
.columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
`.trim();

/** Counts by name. */
class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string, number = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + number);
  }

  table(title: string, first: string): string {
    const rows = [...this.counts]
      .sort(([, a], [, b]) => b - a)
      .map(
        ([name, number]) =>
          `<tr><th scope="row">${text(name)}</th><td>${formatCount(number)}</td></tr>`,
      );
    return `<section class="card"><h2>${text(title)}</h2>${
      rows.length > 0
        ? `<div class="scroll"><table><thead><tr><th scope="col">${text(first)}</th><th scope="col">Names</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`
        : "<p>None.</p>"
    }</section>`;
  }
}

/** Foreign text: no markup, and no characters that reorder what is read. */
function text(foreign: string): string {
  return escapeHtml(escapeOutput(foreign));
}

function diffHtml(diff: string): string {
  const lines = diff
    .trimEnd()
    .split("\n")
    .slice(2)
    .map((line) => {
      const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : undefined;
      return `<span${kind ? ` class="${kind}"` : ""}>${text(line) || " "}</span>`;
    });
  return `<pre>${lines.join("")}</pre>`;
}

/** The folder that a file is counted under: the first two of its path. */
function folderOf(file: string): string {
  return `${file.split("/").slice(0, -1).slice(0, 2).join("/") || "."}/`;
}

function typeOf(file: string): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return /docker|container/i.test(name) ? "Dockerfile" : (/\.[^.]+$/.exec(name)?.[0] ?? name);
}

/** Gathers what is found, and hands over the page at the end. */
export class PagePrinter implements Printer {
  private readonly folders = new Tally();
  private readonly upstreams = new Tally();
  private readonly types = new Tally();
  private readonly reasons = new Map<string, string[]>();
  private readonly diffs: string[] = [];
  private files = 0;
  private changed = 0;

  file(result: FileResult): void {
    const { file, change, references } = result;
    this.files += 1;
    for (const reference of references) {
      if (reference.cacheUri !== null) continue;
      this.leave(reference.reason ?? "", `${placeIn(file, reference)}: ${reference.image}`);
    }
    const changes = changesIn(result);
    if (change?.before === undefined || changes.length === 0) return;
    this.changed += changes.length;
    this.folders.add(folderOf(file), changes.length);
    this.types.add(typeOf(file), changes.length);
    for (const { image } of changes) {
      this.upstreams.add(readImageReference(image).reference?.domain ?? "in parts, such as Helm's");
    }
    const diff = diffHtml(unifiedDiff(file, change.before, change.edits));
    this.diffs.push(
      `<details><summary>${text(file)} (${count(changes.length, "name")})</summary>${diff}</details>`,
    );
  }

  problem({ file, place, reason }: FileProblem): void {
    this.leave("a file that could not be read", `${placeIn(file, place)}: ${reason}`);
  }

  private leave(reason: string, line: string): void {
    const lines = this.reasons.get(reason) ?? [];
    lines.push(line);
    this.reasons.set(reason, lines);
  }

  /** The page, when all files are known. */
  page(cacheName: string): string {
    const reasons = [...this.reasons].sort(([, a], [, b]) => b.length - a.length);
    const left = reasons.reduce((sum, [, lines]) => sum + lines.length, 0);
    return htmlPage({
      title: "Images that are to be pulled through the cache",
      subtitle: `Cache: ${text(cacheName)}`,
      style: STYLE,
      body: [
        figures([
          ["Files that name images", formatCount(this.files)],
          ["Files to change", formatCount(this.diffs.length)],
          ["Names to rewrite", formatCount(this.changed)],
          ["Left alone", formatCount(left)],
        ]),
        '<div class="columns">',
        this.folders.table("By folder", "Folder"),
        this.upstreams.table("By upstream", "Registry"),
        this.types.table("By file type", "Type"),
        "</div>",
        '<section class="card"><h2>Left alone, by reason</h2>',
        ...(reasons.length > 0 ? [] : ["<p>Nothing.</p>"]),
        ...reasons.map(
          ([reason, lines]) =>
            `<details><summary>${text(reason)} (${formatCount(lines.length)})</summary>${lines
              .map((line) => `<div class="place">${text(line)}</div>`)
              .join("")}</details>`,
        ),
        "</section>",
        '<section class="card"><h2>Changes</h2>',
        ...(this.diffs.length > 0 ? this.diffs : ["<p>None.</p>"]),
        "</section>",
      ].join("\n"),
    });
  }
}
