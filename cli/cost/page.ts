import { upstreamOf } from "../../ecr/upstreams";
import { type Bar, columnChart, rowChart } from "./charts";
import type { CostJson } from "./json";
import { ageLabel, assumptions, dockerHubSentences, lifecycleSentence } from "./words";
import { formatBytes, formatCount, formatUsd } from "../shell/format";
import { escapeHtml } from "./html";

/*
 * A cost report as a self-contained page: no scripts, fonts or images from elsewhere.
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
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.charts > .wide { grid-column: 1 / -1; }
figure { margin: 0; }
.chart { display: block; width: 100%; height: auto; max-width: 36rem; margin: 0 auto; }
.chart text { fill: var(--text); font-size: 13px; font-family: inherit; }
.chart .label { fill: var(--muted); }
.chart .value { font-variant-numeric: tabular-nums; }
.rows { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.row { display: flex; gap: 1rem; justify-content: space-between; align-items: end; font-size: .9rem; line-height: 1.35; }
.row span:first-child { color: var(--muted); overflow-wrap: anywhere; }
.row .value { white-space: nowrap; font-variant-numeric: tabular-nums; }
.rowbar { display: block; width: 100%; height: .75rem; margin-top: .2rem; border-radius: .2rem; overflow: hidden; }
.bar { fill: var(--bar); }
.track { fill: var(--track); }
.axis { stroke: var(--line); }
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

interface Row {
  readonly label: string;
  readonly images: number;
  readonly bytes: number;
  readonly usdPerMonth: number;
}

function bars(rows: readonly Row[]): Bar[] {
  return rows.map(({ label, bytes, usdPerMonth }) => ({
    label,
    value: bytes,
    text: `${formatBytes(bytes)}, ${formatUsd(usdPerMonth)}`,
  }));
}

function table(title: string, first: string, rows: readonly Row[]): string {
  const body = rows.map(
    ({ label, images, bytes, usdPerMonth }) =>
      `<tr><th scope="row">${escapeHtml(label)}</th><td>${formatCount(images)}</td><td>${formatBytes(bytes)}</td><td>${escapeHtml(formatUsd(usdPerMonth))}</td></tr>`,
  );
  return [
    `<details><summary>${escapeHtml(title)} in numbers</summary><div class="scroll"><table>`,
    `<thead><tr><th scope="col">${escapeHtml(first)}</th><th scope="col">Images</th><th scope="col">Size</th><th scope="col">A month</th></tr></thead>`,
    `<tbody>${body.join("")}</tbody></table></div></details>`,
  ].join("");
}

function section(
  id: string,
  title: string,
  first: string,
  rows: readonly Row[],
  chart: string,
  isWide = false,
): string {
  return [
    `<section class="card${isWide ? " wide" : ""}" aria-labelledby="${id}">`,
    `<h2 id="${id}">${escapeHtml(title)}</h2>`,
    rows.length > 0
      ? `<figure>${chart}</figure>${table(title, first, rows)}`
      : "<p>Nothing is stored.</p>",
    "</section>",
  ].join("");
}

function figures(report: CostJson): string {
  const { total, lifecycle } = report;
  const freed = lifecycle.usdPerMonth;
  const [low, high] = [formatUsd(freed.atLeast), formatUsd(freed.atMost)];
  const list: readonly (readonly [string, string])[] = [
    ["Stored", formatBytes(total.bytes)],
    ["A month", formatUsd(total.usdPerMonth)],
    ["Images", formatCount(total.images)],
    ["Repositories", formatCount(total.repositories)],
    ["Policies would free", low === high ? low : `${low} to ${high}`],
  ];
  return `<dl class="figures">${list
    .map(
      ([name, value]) =>
        `<div class="card"><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
    )
    .join("")}</dl>`;
}

/**
 * The page.
 *
 * @param top How many of the largest repositories it shows.
 */
export function costPage(report: CostJson, top: number): string {
  const { environment, account, region, at } = report;
  const title = `Cache of ${environment} in ${region}`;
  const upstreams = report.upstreams.map((one) => ({
    ...one,
    label: `${upstreamOf(one.upstream).title} (${one.prefix})`,
  }));
  const ages = report.ages.map((one) => ({ ...one, label: ageLabel(one) }));
  const repositories = report.repositories
    .slice(0, top)
    .map((one) => ({ ...one, label: one.repository }));
  const ageBars = ages.map(({ label, bytes }) => ({
    label,
    value: bytes,
    text: formatBytes(bytes),
  }));
  const notes = [lifecycleSentence(report), ...dockerHubSentences(report), ...assumptions(report)];

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}: what it costs</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}: what it costs</h1>
<p>Account ${escapeHtml(account)}, <time datetime="${escapeHtml(at)}">${escapeHtml(at.slice(0, 16).replace("T", " "))} UTC</time></p>
</header>
${figures(report)}
<div class="charts">
${section("upstreams", "Storage by upstream", "Upstream", upstreams, rowChart({ id: "chart-upstreams", title: "Storage by upstream", bars: bars(upstreams) }))}
${section("ages", "Storage by image age", "Age", ages, columnChart({ id: "chart-ages", title: "Storage by image age", bars: ageBars }))}
${section("repositories", "Largest repositories", "Repository", repositories, rowChart({ id: "chart-repositories", title: "Largest repositories", bars: bars(repositories) }), true)}
</div>
<section class="card notes" aria-labelledby="notes">
<h2 id="notes">What the numbers mean</h2>
${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join("\n")}
</section>
</main>
</body>
</html>
`;
}
