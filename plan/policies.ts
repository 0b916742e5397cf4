import { CACHE_ACTIONS, PULL_ACTIONS } from "../ecr/policies";
import { prefixCovers } from "../ecr/prefix";
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

/** Whether a grant is about a rule, to principals who are allowed the same for another rule. */
function isOfRules(
  { principal, action, resource }: Grant,
  rules: ReadonlySet<string>,
  others: readonly Grant[],
  { account }: Context,
): boolean {
  const [, region = "", owner, path = ""] = REPOSITORIES.exec(resource) ?? [];
  // A rule with an `only` is named by a part of what its prefix covers.
  const isOfRule = [...rules].some((rule) => {
    const [where, prefix = ""] = rule.split(" ");
    return where === region && prefixCovers(prefix, path);
  });
  return (
    owner === account &&
    isOfRule &&
    others.some((grant) => grant.principal === principal && grant.action === action)
  );
}

const ACCOUNT_OF_ARN = /^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):/;

/** Whether a principal is neither an AWS service nor of the account that the plan works in. */
function isOutside(principal: string, { account }: Context): boolean {
  if (principal.startsWith("Service:")) return false;
  return (ACCOUNT_OF_ARN.exec(principal)?.[1] ?? principal) !== account;
}

const PULLING: readonly string[] = [...PULL_ACTIONS, ...CACHE_ACTIONS];

/** Whether the environment wants a grant to a principal of elsewhere; where it is not known, pulling is what it wants. */
function isWanted(grant: Grant, { access }: Context): boolean {
  const { principal = "", action } = grant;
  const isNamed = access === undefined || access.principals.has(principal);
  return (
    (isNamed && PULLING.includes(action)) ||
    (access?.registryGrants ?? []).some(
      (wanted) => JSON.stringify(wanted) === JSON.stringify(grant),
    )
  );
}

/** The grants of a policy that is created with its resource, which are those to others, and those that are risks. */
function createdGrants(
  grants: readonly Grant[],
  attribute: string,
  context: Context,
): { readonly risky: readonly Grant[]; readonly wanted: readonly Grant[] } {
  // Only services assume the roles of a cache.
  const isTrust = attribute === "assume_role_policy";
  const toOthers = grants.filter(
    ({ principal }) =>
      principal !== undefined &&
      (isTrust ? !principal.startsWith("Service:") : isOutside(principal, context)),
  );
  const risky = grants.filter(
    (grant) =>
      (isBroad(grant) && !isWanted(grant, context)) ||
      (toOthers.includes(grant) && (isTrust || !isWanted(grant, context))),
  );
  return { risky, wanted: toOthers.filter((grant) => !risky.includes(grant)) };
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

/** The names of the policies of pullers, which are parts of one where one would pass IAM's limit. */
const PART = /^pull(-[0-9]+)?$/;

/** The other policies of pullers, if a policy is one: what moves from one to another is neither gained nor lost. */
function otherParts(change: ResourceChange, { plan }: Context): ResourceChange[] {
  const isPart = ({ type, name }: ResourceChange) => type === "aws_iam_policy" && PART.test(name);
  return isPart(change) ? plan.changes.filter((other) => other !== change && isPart(other)) : [];
}

/** A policy with the statements of several; undefined where there is none. @throws SyntaxError if one is not JSON. */
function united(policies: readonly (string | undefined)[]): string | undefined {
  const found = policies.filter((policy) => policy !== undefined);
  const statementsOf = (policy: string) =>
    [(JSON.parse(policy) as { Statement?: unknown }).Statement ?? []].flat();
  return found.length === 0
    ? undefined
    : JSON.stringify({ Statement: found.flatMap(statementsOf) });
}

/**
 * What happens to a policy that is an attribute of a resource.
 *
 * A policy that is created with its resource is what the plan is for: what it allows other accounts is listed, and a risk
 * where the environment does not name them, or it is more than pulling; so are AWS principals in a trust policy, and grants
 * to anyone, of any action or of changes to any resource.
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
  const parts = otherParts(change, context);
  try {
    const allBefore = united([before, ...parts.map((part) => text(part.before, attribute))]);
    const allAfter = united([after, ...parts.map((part) => text(part.after, attribute))]);
    const { lostDenials, opaque } = widening(before, after);
    const { grants } = widening(allBefore, after);
    const opaqueNotes = opaque.map((statement) =>
      risk("wider-access", `has a statement that only a person can compare: ${code(statement)}`),
    );
    // A part that is added to a policy that exists widens it.
    if (change.action === "create" && allBefore === undefined) {
      const { risky, wanted } = createdGrants(grants, attribute, context);
      return [
        ...(risky.length > 0 ? [risk("wider-access", `allows ${inWords(risky)}`)] : []),
        ...opaqueNotes,
        ...(wanted.length > 0 ? [note(`allows ${inWords(wanted)}`)] : []),
      ];
    }
    const [known, kept] = [allowedBy(allBefore), allowedBy(allAfter)];
    const expected = grants.filter((grant) => isOfRules(grant, context.newRules, known, context));
    const wider = grants.filter((grant) => !expected.includes(grant));
    const lost = widening(allAfter, before).grants;
    const missed = lost.filter(
      (grant) =>
        // The permissions of a role that a service assumes are nobody's access.
        change.type !== "aws_iam_role_policy" &&
        !grant.principal?.startsWith("Service:") &&
        !isOfRules(grant, context.goingRules, kept, context),
    );
    const dropped = lost.filter((grant) => !missed.includes(grant));
    return [
      ...(wider.length > 0 ? [risk("wider-access", `now allows ${inWords(wider)}`)] : []),
      ...lostDenials.map((statement) =>
        risk("wider-access", `no longer denies: ${code(statement)}`),
      ),
      ...opaqueNotes,
      ...(expected.length > 0 ? [note(`covers the new rules: ${inWords(expected)}`)] : []),
      ...(missed.length > 0
        ? [
            risk(
              "access-lost",
              `no longer allows ${inWords(missed)}`,
              attribute === "repository_policy"
                ? "repositories that exist allow it until they are reconciled"
                : undefined,
            ),
          ]
        : []),
      ...(dropped.length > 0 ? [note(`no longer allows ${inWords(dropped)}`)] : []),
    ];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [risk("wider-access", `changes ${title}, which is not JSON and can't be compared`)];
  }
}

/** The principals that a policy allows something; none where it is not JSON. */
export function principalsIn(policy: string | undefined): string[] {
  try {
    return [...new Set(allowedBy(policy).flatMap(({ principal }) => principal ?? []))];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
