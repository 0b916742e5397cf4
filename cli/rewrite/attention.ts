/*
 * What someone should look at, on one screen however large the code base is: a few places one by one, many by folder and
 * reason.
 */

/** A place that needs a look. */
export interface Place {
  readonly file: string;
  /** What it is, in words that many places share. */
  readonly reason: string;
  /** The line that says all about it. */
  readonly line: string;
}

/** Lines that still are one screen with the summary below them. */
const MAX_LINES = 12;

interface Group {
  readonly folder: string;
  readonly reason: string;
  count: number;
}

/** Gathers places; in memory are the first few, and of all others their number by folder and reason. */
export class Attention {
  private readonly first: string[] = [];
  private readonly groups = new Map<string, Group>();
  private count = 0;

  add({ file, reason, line }: Place): void {
    this.count += 1;
    if (this.first.length < MAX_LINES) this.first.push(line);
    addTo(this.groups, folderOf(file), reason, 1);
  }

  /** The places one by one where they are few, else their numbers. */
  lines(): string[] {
    if (this.count <= MAX_LINES) return this.first;
    const groups = [...atDepthThatFits(this.groups).values()].sort((a, b) => b.count - a.count);
    const shown = groups.slice(0, MAX_LINES);
    const width = String(shown[0]?.count ?? 0).length;
    const hidden = groups.slice(MAX_LINES).reduce((sum, group) => sum + group.count, 0);
    return [
      "To look at (--verbose lists each place):",
      ...shown.map(
        ({ folder, reason, count }) => `  ${String(count).padStart(width)}  ${folder}: ${reason}`,
      ),
      ...(hidden > 0 ? [`  ${String(hidden).padStart(width)}  elsewhere`] : []),
    ];
  }
}

function folderOf(file: string): string {
  const at = file.lastIndexOf("/");
  return at < 0 ? "." : file.slice(0, at + 1);
}

function addTo(groups: Map<string, Group>, folder: string, reason: string, count: number): void {
  const key = `${folder}\n${reason}`;
  const group = groups.get(key);
  if (group) group.count += count;
  else groups.set(key, { folder, reason, count });
}

/** Groups by the deepest folders with which they are few enough. */
function atDepthThatFits(groups: ReadonlyMap<string, Group>): ReadonlyMap<string, Group> {
  let fitting = groups;
  const depths = [...groups.values()].map(({ folder }) => folder.split("/").length);
  for (let depth = Math.max(...depths) - 1; fitting.size > MAX_LINES && depth > 1; depth -= 1) {
    const merged = new Map<string, Group>();
    for (const { folder, reason, count } of groups.values()) {
      const parts = folder.split("/");
      const parent = parts.length > depth ? `${parts.slice(0, depth - 1).join("/")}/` : folder;
      addTo(merged, parent, reason, count);
    }
    fitting = merged;
  }
  return fitting;
}
