import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { Reference } from "../../rewrite/reference";
import { escapeOutput, printJson } from "../shell/output";
import { type Place, placeIn } from "../shell/rewrite-file";
import type { Sink } from "../shell/session";
import { changesIn, type FileProblem, type FileResult, type Printer } from "./printers";

/*
 * The names that bypass the cache in the forms that code hosts show beside the code.
 */

/** An annotation for a code host. */
interface Finding {
  readonly file: string;
  readonly place?: Place | undefined;
  readonly message: string;
  /** `error`: a name that bypasses the cache. `warning`: a file that could not be read. */
  readonly level: "error" | "warning";
}

function messageOf({ image, cacheUri }: Reference): string {
  return `${image} bypasses the cache; its name there is ${cacheUri}`;
}

function findingsOf(result: FileResult): Finding[] {
  return changesIn(result).map((reference) => {
    const { line, column } = reference;
    return {
      file: result.file,
      place: { line, column },
      message: messageOf(reference),
      level: "error",
    };
  });
}

function problemFinding({ file, place, reason }: FileProblem): Finding {
  return { file, place, message: `not checked: ${reason}`, level: "warning" };
}

/**
 * Annotations that GitHub shows for a step, of each level.
 * Source: https://docs.github.com/en/actions/reference/limits (annotations)
 */
const GITHUB_ANNOTATIONS = 10;

/** Source of the escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function githubData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A list item of Markdown in which foreign text is nothing but text. */
function markdownItem({ file, place, message }: Finding): string {
  const code = (text: string) => `<code>${escapeMarkdown(escapeOutput(text))}</code>`;
  return `- ${code(placeIn(file, place))}: ${code(message)}\n`;
}

/** Characters as HTML entities that mean anything in Markdown or HTML. */
function escapeMarkdown(text: string): string {
  return text.replace(/[^\w ./-]/g, (character) => `&#${character.codePointAt(0)};`);
}

/**
 * Workflow commands of GitHub Actions. GitHub shows ten of a level for a step; all of them are in the job's summary.
 *
 * @param stdout Unbuffered, since its `raw` is written to.
 * @param summary The file of the job's summary (`GITHUB_STEP_SUMMARY`), if there is one.
 */
export function githubPrinter(stdout: Sink, summary: string | undefined): Printer {
  const counts = { error: 0, warning: 0 };
  const add = (finding: Finding) => {
    const { file, place, message, level } = finding;
    counts[level] += 1;
    if (summary !== undefined) appendFileSync(summary, markdownItem(finding));
    if (counts[level] > GITHUB_ANNOTATIONS) {
      stdout.write(`${placeIn(file, place)}: ${message}\n`);
      return;
    }
    const at = place ? `,line=${place.line},col=${place.column}` : "";
    // The one workflow command that is meant: what comes from files is escaped by GitHub's own rules.
    (stdout.raw ?? stdout).write(
      `::${level} file=${githubProperty(file)}${at}::${githubData(message)}\n`,
    );
  };
  return {
    file: (result) => findingsOf(result).forEach(add),
    problem: (problem) => add(problemFinding(problem)),
  };
}

/**
 * Tells findings apart from one run to the next: not by their line, which changes with every edit above it.
 *
 * @param occurrence Which of the findings it is that are the same otherwise.
 */
function fingerprint({ file, message }: Finding, occurrence: number): string {
  return createHash("sha256")
    .update(JSON.stringify([file, message, occurrence]))
    .digest("hex");
}

/** Collects findings, each with its fingerprint, and hands them over at the end. */
function collect(end: (findings: readonly (Finding & { fingerprint: string })[]) => void): Printer {
  const findings: (Finding & { fingerprint: string })[] = [];
  const seen = new Map<string, number>();
  const add = (finding: Finding) => {
    const first = fingerprint(finding, 0);
    const occurrence = seen.get(first) ?? 0;
    seen.set(first, occurrence + 1);
    findings.push({ ...finding, fingerprint: fingerprint(finding, occurrence) });
  };
  return {
    file: (result) => findingsOf(result).forEach(add),
    problem: (problem) => add(problemFinding(problem)),
    end: () => end(findings),
  };
}

/** The rule that findings are of, by their level. */
const RULES = {
  error: { id: "image-bypasses-cache", text: "An image is not pulled through the cache" },
  warning: { id: "file-not-checked", text: "A file could not be checked" },
} as const;

/** GitLab's Code Quality report. Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
export function gitlabPrinter(stdout: Sink): Printer {
  return collect((findings) =>
    printJson(
      { stdout },
      findings.map(({ file, place, message, level, fingerprint }) => ({
        description: message,
        check_name: RULES[level].id,
        fingerprint,
        severity: level === "error" ? "major" : "minor",
        location: { path: file, lines: { begin: place?.line ?? 1 } },
      })),
    ),
  );
}

/** SARIF 2.1.0. Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarifPrinter(stdout: Sink): Printer {
  return collect((findings) =>
    printJson(
      { stdout },
      {
        $schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [
          {
            tool: {
              driver: {
                name: "ecr-cache",
                rules: Object.values(RULES).map(({ id, text }) => ({
                  id,
                  shortDescription: { text },
                })),
              },
            },
            columnKind: "utf16CodeUnits",
            results: findings.map(({ file, place, message, level, fingerprint }) => ({
              ruleId: RULES[level].id,
              level,
              message: { text: message },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: encodeURI(file) },
                    ...(place && { region: { startLine: place.line, startColumn: place.column } }),
                  },
                },
              ],
              partialFingerprints: { "ecrCache/v1": fingerprint },
            })),
          },
        ],
      },
    ),
  );
}
