import { escapeHtml } from "../shell/html-page";

/*
 * Two kinds of bar charts as SVG, drawn without a library: colours come from the page's style sheet, and the numbers are
 * beside the bars, so that nothing has to be read off an axis.
 */

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value as it is shown. */
  readonly text: string;
}

export interface Chart {
  /** Distinguishes the chart in its page. */
  readonly id: string;
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** The width that charts are drawn for; they scale with the page. */
const WIDTH = 480;

function round(length: number): string {
  return String(Math.round(length * 10) / 10);
}

function largest(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
}

function frame({ id, title, bars }: Chart, height: number, content: string): string {
  const description = bars.map(({ label, text }) => `${label}: ${text}`).join("; ");
  return [
    `<svg class="chart" role="img" viewBox="0 0 ${WIDTH} ${height}" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeHtml(title)}</title>`,
    `<desc id="${id}-desc">${escapeHtml(description)}</desc>`,
    content,
    "</svg>",
  ].join("");
}

/**
 * Horizontal bars, each below its label. Labels and values are text of the page, so that long ones wrap.
 */
export function rowChart({ title, bars }: Chart): string {
  const most = largest(bars);
  const rows = bars.map(({ label, value, text }) => {
    // In per cent of the row; anything above zero is visible.
    const width = value > 0 ? Math.max(0.5, (value / most) * 100) : 0;
    return [
      `<li><div class="row"><span>${escapeHtml(label)}</span> <span class="value">${escapeHtml(text)}</span></div>`,
      '<svg class="rowbar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">',
      '<rect class="track" width="100" height="1"/>',
      `<rect class="bar" width="${round(width)}" height="1"/></svg></li>`,
    ].join("");
  });
  return `<ul class="rows" aria-label="${escapeHtml(title)}">${rows.join("")}</ul>`;
}

const COLUMN_HEIGHT = 180;

/** Vertical bars, each above its label, in an order that means something, such as time. */
export function columnChart(chart: Chart): string {
  const { bars } = chart;
  const most = largest(bars);
  const step = WIDTH / bars.length;
  const columns = bars.map(({ label, value, text }, index) => {
    const height = value > 0 ? Math.max(2, (value / most) * COLUMN_HEIGHT) : 0;
    const middle = round((index + 0.5) * step);
    const top = 20 + COLUMN_HEIGHT - height;
    const [first = "", ...rest] = label.split(" ");
    // Two short lines fit under a column where one long one does not.
    const lines =
      rest.length > 2
        ? [`${first} ${rest[0]} ${rest[1]}`, rest.slice(2).join(" ")]
        : [`${first} ${rest.slice(0, -1).join(" ")}`.trim(), rest.at(-1) ?? ""];
    return [
      `<g><title>${escapeHtml(`${label}: ${text}`)}</title>`,
      `<rect class="bar" x="${round(index * step + step * 0.15)}" y="${round(top)}" width="${round(step * 0.7)}" height="${round(height)}" rx="3"/>`,
      `<text class="value" x="${middle}" y="${round(top - 6)}" text-anchor="middle">${escapeHtml(text)}</text>`,
      ...lines.map(
        (line, at) =>
          `<text class="label" x="${middle}" y="${20 + COLUMN_HEIGHT + 18 + at * 15}" text-anchor="middle">${escapeHtml(line)}</text>`,
      ),
      "</g>",
    ].join("");
  });
  const base = 20 + COLUMN_HEIGHT;
  return frame(
    chart,
    base + 40,
    `${columns.join("")}<line class="axis" x1="0" y1="${base}" x2="${WIDTH}" y2="${base}"/>`,
  );
}
