/*
 * EventBridge's schedule expressions, in UTC.
 *
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */

/** A schedule: `rate(1 day)`, or `cron(0 3 * * ? *)` for three o'clock UTC on every day. */
export type ScheduleExpression = `rate(${string})` | `cron(${string})`;

interface Field {
  readonly least: number;
  readonly most: number;
  /** Names for the numbers from `least` on. */
  readonly names?: readonly string[];
  /** Entries that are neither numbers nor ranges. */
  readonly special?: RegExp;
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const DAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

const FIELDS: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  // The last day, the last weekday, the weekday nearest to a day.
  { least: 1, most: 31, special: /^(L|LW|([1-9]|[12][0-9]|3[01])W)$/ },
  { least: 1, most: 12, names: MONTHS },
  // The last such day of the month, or the nth.
  {
    least: 1,
    most: 7,
    names: DAYS,
    special: /^(L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
  },
  { least: 1970, most: 2199 },
];

const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

function isValue(text: string, { least, most, names }: Field): boolean {
  if (names?.includes(text)) return true;
  return /^[0-9]+$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function isEntry(text: string, field: Field): boolean {
  if (field.special?.test(text)) return true;
  const [span = "", step, ...more] = text.split("/");
  if (more.length > 0 || (step !== undefined && !/^[1-9][0-9]*$/.test(step))) return false;
  if (span === "*") return true;
  const ends = span.split("-");
  return ends.length <= 2 && ends.every((end) => isValue(end, field));
}

function isCron(fields: readonly string[]): boolean {
  if (fields.length !== FIELDS.length) return false;
  // One of the two says the day; the other one says that it does not.
  if ((fields[DAY_OF_MONTH] === "?") === (fields[DAY_OF_WEEK] === "?")) return false;
  return fields.every((text, index) => {
    if (text === "?") return index === DAY_OF_MONTH || index === DAY_OF_WEEK;
    return text.split(",").every((entry) => isEntry(entry, FIELDS[index]!));
  });
}

function isRate(text: string): boolean {
  const match = /^([1-9][0-9]*) (minute|hour|day)(s?)$/.exec(text);
  // EventBridge minds the plural.
  return match !== null && (match[1] === "1") === (match[3] === "");
}

/** Whether EventBridge takes a schedule. */
export function isScheduleExpression(text: string): text is ScheduleExpression {
  const [, kind, inner = ""] = /^(rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === "rate") return isRate(inner);
  return kind === "cron" && isCron(inner.split(" "));
}
