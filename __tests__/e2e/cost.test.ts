import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { costPage } from "../../cli/cost/page";
import { costReport } from "../../cli/cost/report";
import { DOCKER_HUB_LIMITS } from "../../ecr/docker-hub-limits";
import { storagePrice } from "../../cli/cost/prices";
import { chromium, loadPage } from "../support/chromium";
import { requireOrSkip } from "../support/require-or-skip";

const LONG_NAME = `ghcr/${"an-organisation/".repeat(10)}service`;

/** A cache with an upstream, ages and a repository that hold nothing, a long name, and one that is HTML. */
const page = costPage(
  costReport(
    {
      environment: "prod",
      account: "222222222222",
      at: new Date("2026-11-24T12:00:00Z"),
      sharedLayers: "counted-for-each-image",
    },
    [
      {
        region: "us-east-1",
        price: storagePrice("us-east-1"),
        storage: {
          total: { repositories: 4, images: 12_345, bytes: 2.13e12 },
          upstreams: [
            {
              upstream: "docker-hub",
              prefix: "docker-hub",
              repositories: 3,
              images: 12_000,
              bytes: 2e12,
            },
            { upstream: "quay", prefix: "quay", repositories: 1, images: 345, bytes: 1.3e11 },
            { upstream: "k8s", prefix: "kubernetes", repositories: 0, images: 0, bytes: 0 },
          ],
          ages: [0, 7, 30, 90, 180, 365].map((fromDays, at, all) => ({
            fromDays,
            toDays: all[at + 1] ?? null,
            images: at * 100,
            bytes: at * 1.4e11,
          })),
          repositories: [
            {
              repository: "docker-hub/library/nginx",
              prefix: "docker-hub",
              images: 900,
              bytes: 1e12,
            },
            { repository: LONG_NAME, prefix: "ghcr", images: 3, bytes: 5e6 },
            { repository: "<b>quay</b>", prefix: "quay", images: 0, bytes: 0 },
          ],
          freed: { images: { atLeast: 10, atMost: 20 }, bytes: { atLeast: 1e11, atMost: 2e11 } },
        },
        dockerHub: {
          limits: DOCKER_HUB_LIMITS,
          tags: 100,
          dailyPulls: 700,
          pulledLastDay: 10,
          pulls: null,
        },
      },
    ],
  ),
  10,
);

/** Computes in the browser what a person would see, and writes it into the page. */
const PROBE = `<script>
  const all = (selector) => [...document.querySelectorAll(selector)];
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
  const card = style(".card", "backgroundColor");
  const track = style(".track", "fill");
  document.body.dataset.seen = JSON.stringify({
    page: luminance(style("body", "backgroundColor")),
    text: Math.min(...["h2", ".notes p", ".figures dt", ".figures dd", ".row span", ".row .value", "summary"]
      .map((selector) => contrast(style(selector, "color"), card)),
      ...[".chart .label", ".chart .value"].map((selector) => contrast(style(selector, "fill"), card))),
    bars: Math.min(contrast(style(".bar", "fill"), card), contrast(style(".bar", "fill"), track)),
    rows: all(".rows .bar").map((bar) => Math.round(bar.getBoundingClientRect().width) > 0),
    columns: all(".chart .bar").map((bar) => Math.round(bar.getBoundingClientRect().height)),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    names: all("svg[role=img]").map((svg) => svg.getAttribute("aria-labelledby").split(" ")
      .every((id) => document.getElementById(id)?.textContent)),
  });
</script>`;

interface Seen {
  /** The luminance of the page, from 0 (black) to 1. */
  readonly page: number;
  /** The lowest contrast of a text with what is behind it. */
  readonly text: number;
  /** The lowest contrast of a bar with what is behind and beside it. */
  readonly bars: number;
  readonly rows: readonly boolean[];
  readonly columns: readonly number[];
  /** How much wider the page is than its window, in pixels. */
  readonly overflow: number;
  readonly names: readonly boolean[];
}

requireOrSkip(chromium, "the page of ecr-cache cost, in a browser", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cost-page-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function load(html: string, scheme: "light" | "dark", width?: number) {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    return loadPage(file, scheme, width);
  }

  function see(scheme: "light" | "dark", width?: number): Seen {
    // The page forbids scripts; the probe is one.
    const html = page
      .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
      .replace("</body>", `${PROBE}</body>`);
    const [, text = ""] = /data-seen="([^"]*)"/.exec(load(html, scheme, width).dom) ?? [];
    return JSON.parse(text.replaceAll("&quot;", '"')) as Seen;
  }

  test("the page of `cost --html` loads without an error, and shows names as they are", () => {
    const { dom, console: complaints } = load(page, "light");
    expect(complaints).toEqual([]);
    expect(dom).toContain("&lt;b&gt;quay&lt;/b&gt;");
    expect(dom).not.toContain("<b>");
  }, 90_000);

  test.each(["light", "dark"] as const)(
    "the page of `cost --html` is readable in the %s scheme",
    (scheme) => {
      const seen = see(scheme);
      if (scheme === "dark") expect(seen.page).toBeLessThan(0.1);
      else expect(seen.page).toBeGreaterThan(0.9);
      // WCAG 2.2, 1.4.3 and 1.4.11: 4.5 for text, 3 for graphics.
      expect(seen.text).toBeGreaterThanOrEqual(4.5);
      expect(seen.bars).toBeGreaterThanOrEqual(3);
      expect(seen.rows).toEqual([true, true, false, true, true, false]);
      expect([...seen.columns].sort((a, b) => a - b)).toEqual(seen.columns);
      expect(seen.columns.map((height) => height > 0)).toEqual([
        false,
        true,
        true,
        true,
        true,
        true,
      ]);
      expect(seen.names).toEqual([true]);
    },
    90_000,
  );

  test("the page of `cost --html` fits a narrow window", () => {
    expect(see("light", 500).overflow).toBeLessThanOrEqual(0);
  }, 90_000);
});
