import { groupBy } from "../ecr/group-by";
import { ACTIONS, actions } from "./actions";
import { code, prose, type Subject } from "./finding";
import { type Review, type ReviewedChange, type Risk, risksOf } from "./review";
import { RISKS } from "./risks";

function nameOf({ kind, name }: Subject): string {
  return name === "" ? `the ${kind}` : `${kind} ${code(name)}`;
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const unique = (items: readonly string[]): string[] => [...new Set(items)];

/** What happens to several of a kind in the same regions, in one line: `rule `a`, `b` in us-east-1, eu-west-1`. */
function riskLines(risks: readonly Risk[]): string[] {
  const sameWords = groupBy(risks, ({ kind, subject, text, consequence }) =>
    JSON.stringify([kind, subject.kind, text, consequence]),
  );
  return sameWords.flatMap((group) => {
    const bySubject = groupBy(group, ({ subject }) => subject.name);
    const regionsOf = (one: readonly Risk[]) =>
      unique(one.map(({ region }) => region ?? "")).filter((region) => region !== "");
    return groupBy(bySubject, (one) => regionsOf(one).join(", ")).map((same) => {
      const [first] = same[0] ?? [];
      if (!first) return "";
      const { kind, subject, text, consequence } = first;
      const names = same.map(([one]) => one?.subject.name ?? "").filter((name) => name !== "");
      const regions = regionsOf(same[0] ?? []);
      const who =
        names.length === 0
          ? `the ${subject.kind}`
          : `${subject.kind} ${names.map(code).join(", ")}`;
      const where = regions.length > 0 ? ` in ${regions.map(prose).join(", ")}` : "";
      const then = consequence === null ? "" : `. ${capitalized(consequence)}`;
      return `- **${RISKS[kind].title}**: ${who}${where} ${text}${then}`;
    });
  });
}

function summary({ counts }: Review, risks: number): string {
  const happening = actions
    .filter((action) => action !== "none" && counts[action] > 0)
    .map((action) => `${counts[action]} ${ACTIONS[action]}`);
  if (happening.length === 0 && risks === 0) {
    return `Nothing changes; ${counts.none} unchanged.`;
  }
  return [
    risks === 0 ? "No risk found." : `**${risks} ${risks === 1 ? "risk" : "risks"}.**`,
    `${happening.join(", ") || "Nothing is changed"}; ${counts.none} unchanged.`,
  ].join(" ");
}

/** The notes of a change as lines; below its prefix, a subject of that name needs no name. */
function notesOf({ subject, notes }: ReviewedChange, prefix: string | null = null): string[] {
  const name = prefix !== null && subject.name === prefix ? subject.kind : nameOf(subject);
  return notes.map(({ text, risk }) => `${name} ${text}${risk ? " ⚠️" : ""}`);
}

/** The lines about what belongs to no rule. Resources to which the same happens share one. */
function otherLines(changes: readonly ReviewedChange[]): string[] {
  return groupBy(changes, ({ subject, notes }) =>
    subject.kind === "resource" ? JSON.stringify(notes) : JSON.stringify([subject, notes]),
  ).flatMap((same) => {
    const [first] = same;
    if (!first || same.length === 1) return same.flatMap((change) => notesOf(change));
    const names = same.map(({ subject }) => code(subject.name)).join(", ");
    return first.notes.map(
      ({ text, risk }) => `resources ${names}: each ${text}${risk ? " ⚠️" : ""}`,
    );
  });
}

/** The lines about one region: rule by rule, then the rest. */
function regionLines(changes: readonly ReviewedChange[]): string[] {
  const groups = groupBy(changes, ({ prefix }) => prefix ?? "").sort(([one], [other]) =>
    // What belongs to no rule comes last.
    (one?.prefix ?? "~") < (other?.prefix ?? "~") ? -1 : 1,
  );
  return groups.flatMap((group) => {
    const prefix = group[0]?.prefix ?? null;
    if (prefix === null) return otherLines(group).map((line) => `- ${line}`);
    const lines = group.flatMap((change) => notesOf(change, prefix));
    return [`- ${code(prefix)}`, ...lines.map((line) => `  - ${line}`)];
  });
}

/** Sections by region; regions in which the same happens share one. */
function sections(changes: readonly ReviewedChange[]): string[] {
  const byRegion = groupBy(changes, ({ region }) => region ?? "").map((group) => ({
    region: group[0]?.region ?? null,
    lines: regionLines(group),
  }));
  const shared = groupBy(
    byRegion.filter(({ region }) => region !== null),
    ({ lines }) => lines.join("\n"),
  );
  const global = changes
    .filter(({ region }) => region === null)
    .sort((one, other) => (nameOf(one.subject) < nameOf(other.subject) ? -1 : 1));
  const account = regionLines(global);
  return [
    ...shared.map((group) =>
      [
        `### ${group.map(({ region }) => prose(region ?? "")).join(", ")}`,
        "",
        ...(group[0]?.lines ?? []),
      ].join("\n"),
    ),
    ...(account.length > 0 ? [["### Account", "", ...account].join("\n")] : []),
  ];
}

/**
 * A review as Markdown for a pull request: the risks, then what happens in each region to each rule.
 *
 * @param title What was planned, such as a stack's name.
 */
export function formatReview(review: Review, title: string): string {
  const risks = risksOf(review);
  const happening = review.changes.filter(({ address }) => address !== null);
  const lines = riskLines(risks);
  return `${[
    `## Plan: ${code(title)}${review.region === null ? "" : `, ${prose(review.region)} only`}`,
    summary(review, lines.length),
    ...(lines.length > 0 ? [["### Risks", "", ...lines].join("\n")] : []),
    ...sections(happening),
    ...(review.drift.length > 0
      ? [
          [
            "### Drift",
            "",
            ...review.drift.flatMap((change) =>
              notesOf(change).map(
                (line) => `- ${change.region === null ? "" : `${prose(change.region)}: `}${line}`,
              ),
            ),
          ].join("\n"),
        ]
      : []),
  ].join("\n\n")}\n`;
}
