import { upstreamOf } from "../../ecr/upstreams";
import { type Bar, columnChart, rowChart } from "./charts";
import type { CostJson } from "./json";
import { agesOfAll, inRegion } from "./report";
import { ageLabel, assumptions, dockerHubSentences, lifecycleSentence } from "./words";
import { formatBytes, formatCount, formatUsd } from "../shell/format";
import { escapeHtml, figures, htmlPage } from "../shell/html-page";

/*
 * A cost report as a page.
 */

const STYLE = `
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

function reportFigures(report: CostJson): string {
  const { total, lifecycle } = report;
  const freed = lifecycle.usdPerMonth;
  const [low, high] = [formatUsd(freed.atLeast), formatUsd(freed.atMost)];
  return figures([
    ["Stored", formatBytes(total.bytes)],
    ["A month", formatUsd(total.usdPerMonth)],
    ["Images", formatCount(total.images)],
    ["Repositories", formatCount(total.repositories)],
    ["Policies would free", low === high ? low : `${low} to ${high}`],
  ]);
}

/**
 * The page.
 *
 * @param top How many of the largest repositories it shows.
 */
export function costPage(report: CostJson, top: number): string {
  const { environment, account, regions, at } = report;
  const title = `Cache of ${environment} in ${regions.join(", ")}`;
  const upstreams = report.upstreams.map((one) => ({
    ...one,
    label: inRegion(report, `${upstreamOf(one.upstream).title} (${one.prefix})`, one.region),
  }));
  const ages = agesOfAll(report).map((one) => ({ ...one, label: ageLabel(one) }));
  const repositories = report.repositories
    .slice(0, top)
    .map((one) => ({ ...one, label: inRegion(report, one.repository, one.region) }));
  const ageBars = ages.map(({ label, bytes }) => ({
    label,
    value: bytes,
    text: formatBytes(bytes),
  }));
  const notes = [lifecycleSentence(report), ...dockerHubSentences(report), ...assumptions(report)];

  return htmlPage({
    title: `${title}: what it costs`,
    subtitle: `Account ${escapeHtml(account)}, <time datetime="${escapeHtml(at)}">${escapeHtml(at.slice(0, 16).replace("T", " "))} UTC</time>`,
    style: STYLE,
    body: `${reportFigures(report)}
<div class="charts">
${section("upstreams", "Storage by upstream", "Upstream", upstreams, rowChart({ id: "chart-upstreams", title: "Storage by upstream", bars: bars(upstreams) }))}
${section("ages", "Storage by image age", "Age", ages, columnChart({ id: "chart-ages", title: "Storage by image age", bars: ageBars }))}
${section("repositories", "Largest repositories", "Repository", repositories, rowChart({ id: "chart-repositories", title: "Largest repositories", bars: bars(repositories) }), true)}
</div>
<section class="card notes" aria-labelledby="notes">
<h2 id="notes">What the numbers mean</h2>
${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join("\n")}
</section>`,
  });
}
