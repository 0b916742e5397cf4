/*
 * IAM's decision about an action, by the policies of an identity.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: object;
}

function asList<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "is").test(text);
}

function isAmong(
  value: string,
  listed: string | readonly string[] | undefined,
  excepted: string | readonly string[] | undefined,
): boolean {
  return excepted === undefined
    ? asList(listed).some((pattern) => matches(pattern, value))
    : !asList(excepted).some((pattern) => matches(pattern, value));
}

/** Conditions are never met: the simulator is given no context to compare them with. */
function appliesTo(statement: Statement, action: string, resource: string): boolean {
  return (
    statement.Condition === undefined &&
    isAmong(action, statement.Action, statement.NotAction) &&
    isAmong(resource, statement.Resource, statement.NotResource)
  );
}

/** @param policies The documents, as JSON strings. */
export function evaluate(policies: readonly string[], action: string, resource: string): Decision {
  const effects = policies
    .flatMap((text) =>
      asList((JSON.parse(text) as { Statement?: Statement | Statement[] }).Statement),
    )
    .filter((statement) => appliesTo(statement, action, resource))
    .map(({ Effect }) => Effect);
  if (effects.includes("Deny")) return "explicitDeny";
  return effects.includes("Allow") ? "allowed" : "implicitDeny";
}
