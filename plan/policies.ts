import {
  allowedBy,
  describeGrants,
  type Grant,
  isBroad,
  widening,
} from "../registry/policies/grants";
import { label, text } from "./attributes";
import type { Context } from "./review-context";
import { code, note, type Note, risk } from "./finding";
import type { ResourceChange } from "./plan";

const REPOSITORIES = /^arn:[^:]*:ecr:([^:]*):([0-9]*):repository\/(.*)$/;

/** Whether a grant only lets those who have access to other rules use a new rule. */
function isOfNewRule(
  { principal, action, resource }: Grant,
  known: readonly Grant[],
  { newRules, account }: Context,
): boolean {
  const [, region = "", owner, path = ""] = REPOSITORIES.exec(resource) ?? [];
  const prefix = path === "*" ? "ROOT" : path.replace(/\/\*$/, "");
  return (
    owner === account &&
    newRules.has(`${region} ${prefix}`) &&
    // They may do the same with another rule's repositories.
    known.some((grant) => grant.principal === principal && grant.action === action)
  );
}

/** Grants in words; repositories of this account are shown by their names. */
function describe(
  grants: readonly Grant[],
  { region }: ResourceChange,
  { account }: Context,
  isGlobal: boolean,
): string {
  const named = grants.map((grant) => {
    const [, where, owner, path = ""] = REPOSITORIES.exec(grant.resource) ?? [];
    if (owner === undefined || owner !== account) return grant;
    if (!isGlobal && where === region) return { ...grant, resource: path };
    return { ...grant, resource: `${path} in ${where}` };
  });
  return describeGrants(named).map(code).join("; ");
}

/**
 * What happens to a policy that is an attribute of a resource.
 *
 * A policy that is created with its resource is what the plan is for: then only grants to anyone, of any action or of
 * changes to any resource are risks.
 *
 * @param isGlobal Whether the resource belongs to the account and not to its provider's region.
 */
export function policyNotes(
  change: ResourceChange,
  attribute: string,
  context: Context,
  isGlobal = false,
): Note[] {
  const title = `its ${label(attribute)}`;
  if (change.sensitive.has(attribute)) {
    return change.action === "create" ? [] : [note(`may change ${title}, which is sensitive`)];
  }
  if (change.unknown.has(attribute)) {
    return change.action === "create"
      ? []
      : [risk("wider-access", `changes ${title} to one that is known only after the apply`)];
  }
  const [before, after] = [text(change.before, attribute), text(change.after, attribute)];
  if (before === after) return [];
  const inWords = (grants: readonly Grant[]) => describe(grants, change, context, isGlobal);
  try {
    if (change.action === "create") {
      const broad = allowedBy(after).filter(isBroad);
      return broad.length > 0 ? [risk("wider-access", `allows ${inWords(broad)}`)] : [];
    }
    const { grants, lostDenials, opaque } = widening(before, after);
    const known = allowedBy(before);
    const expected = grants.filter((grant) => isOfNewRule(grant, known, context));
    const wider = grants.filter((grant) => !expected.includes(grant));
    const lost = widening(after, before).grants;
    return [
      ...(wider.length > 0 ? [risk("wider-access", `now allows ${inWords(wider)}`)] : []),
      ...lostDenials.map((statement) =>
        risk("wider-access", `no longer denies: ${code(statement)}`),
      ),
      ...opaque.map((statement) =>
        risk("wider-access", `has a statement that only a person can compare: ${code(statement)}`),
      ),
      ...(expected.length > 0 ? [note(`covers the new rules: ${inWords(expected)}`)] : []),
      ...(lost.length > 0 ? [note(`no longer allows: ${inWords(lost)}`)] : []),
    ];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [risk("wider-access", `changes ${title}, which is not JSON and can't be compared`)];
  }
}
