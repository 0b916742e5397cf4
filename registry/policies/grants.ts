import { ACCOUNT_ROOT, asList, type Json, stable } from "./json";

/*
 * Policy documents compared by what they grant, statement by statement.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

type Statement = Readonly<Record<string, Json | undefined>>;

/** One action on one resource for one principal. Parts may have wildcards. */
export interface Grant {
  /**
   * `*`, an account's id, an ARN, `KIND:ID`, `organization ID` or `organization path PATH`; absent in policies of
   * identities.
   */
  readonly principal?: string;
  readonly action: string;
  readonly resource: string;
  /** The conditions as text that is the same for the same conditions; empty without any. */
  readonly condition: string;
}

interface Document {
  readonly allowed: readonly Grant[];
  /** Statements that deny, and those with NotAction, NotResource or NotPrincipal, as texts to be compared as a whole. */
  readonly denials: ReadonlySet<string>;
  readonly opaque: ReadonlySet<string>;
}

/** What a policy allows that another one did not. */
export interface Widening {
  readonly grants: readonly Grant[];
  /** Statements that denied something, and are gone. */
  readonly lostDenials: readonly string[];
  /** Statements that can't be compared, and are new. */
  readonly opaque: readonly string[];
}

const texts = (value: Json | undefined): string[] =>
  asList(value).map((entry) => (typeof entry === "string" ? entry : stable(entry)));

function principalsOf(principal: Json | undefined): (string | undefined)[] {
  if (principal === undefined) return [undefined];
  if (typeof principal !== "object" || principal === null) return texts(principal);
  return Object.entries(principal as Readonly<Record<string, Json>>).flatMap(([kind, ids]) =>
    texts(ids).map((id) => {
      if (id === "*") return id;
      // An account's id and the ARN of its root are the same principal.
      return kind === "AWS" ? (ACCOUNT_ROOT.exec(id)?.[1] ?? id) : `${kind}:${id}`;
    }),
  );
}

/**
 * The condition keys by which a statement for everyone is one for the principals of organizations, with what their values
 * look like. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const ORGANIZATION_KEYS: Readonly<
  Record<string, { readonly kind: string; readonly form: RegExp }>
> = {
  "aws:principalorgid": { kind: "organization", form: /^o-[a-z0-9]+$/ },
  "aws:principalorgpaths": { kind: "organization path", form: /^o-[a-z0-9]+\// },
};
const EQUALITY = /^(ForAnyValue:)?String(Equals|Like)$/;

/** The organizations and their paths that a statement's only condition is about; undefined for any other condition. */
function organizationsOf(condition: Json | undefined): string[] | undefined {
  const [[operator, keys] = [], ...others] = Object.entries(condition ?? {}) as [string, Json][];
  const [[key, values] = [], ...more] = Object.entries(keys ?? {}) as [string, Json][];
  if (operator === undefined || key === undefined || others.length + more.length > 0) return;
  const organization = ORGANIZATION_KEYS[key.toLowerCase()];
  const names = texts(values);
  if (!organization || !EQUALITY.test(operator)) return;
  if (!names.every((name) => organization.form.test(name))) return;
  return names.map((name) => `${organization.kind} ${name}`);
}

function grantsOf(statement: Statement): Grant[] {
  const everyone = principalsOf(statement.Principal);
  const organizations = everyone.every((principal) => principal === "*")
    ? organizationsOf(statement.Condition)
    : undefined;
  const condition =
    statement.Condition === undefined || organizations ? "" : stable(statement.Condition);
  // A policy of a resource may leave the resource out: it is the one that it is attached to.
  const resources = statement.Resource === undefined ? ["*"] : texts(statement.Resource);
  return (organizations ?? everyone).flatMap((principal) =>
    texts(statement.Action).flatMap((action) =>
      resources.map((resource) => ({
        ...(principal !== undefined && { principal }),
        action,
        resource,
        condition,
      })),
    ),
  );
}

/** @throws SyntaxError if the string is not JSON. */
function parse(text: string): Document {
  const { Statement } = JSON.parse(text) as { Statement?: Json };
  const allowed: Grant[] = [];
  const [denials, opaque] = [new Set<string>(), new Set<string>()];
  for (const entry of asList(Statement)) {
    const { Sid, ...statement } = entry as Statement;
    const whole = stable(statement as Json);
    if (statement.Effect !== "Allow") denials.add(whole);
    else if (Object.keys(statement).some((key) => key.startsWith("Not"))) opaque.add(whole);
    else allowed.push(...grantsOf(statement));
  }
  return { allowed, denials, opaque };
}

const NOTHING: Document = { allowed: [], denials: new Set(), opaque: new Set() };

/** Whether everything that one pattern matches is matched by another, which may have `*` and `?`. */
function includes(pattern: string, other: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", "[^*]");
  return new RegExp(`^${source}$`, "s").test(other);
}

/** Whether everyone who is one principal is another one: a path may have wildcards, and is part of its organization. */
function includesPrincipal(one: string | undefined, other: string | undefined): boolean {
  if (one === other || one === "*") return true;
  const [path] = /^organization path .*/.exec(other ?? "") ?? [];
  if (one === undefined || path === undefined) return false;
  return one.startsWith("organization path ")
    ? includes(one, path)
    : path.startsWith(`${one.replace(/^organization /, "organization path ")}/`);
}

function covers(one: Grant, other: Grant): boolean {
  return (
    includesPrincipal(one.principal, other.principal) &&
    (one.condition === "" || one.condition === other.condition) &&
    // IAM does not look at the case of actions.
    includes(one.action.toLowerCase(), other.action.toLowerCase()) &&
    includes(one.resource, other.resource)
  );
}

const absentFrom = (set: ReadonlySet<string>, others: ReadonlySet<string>) =>
  [...set].filter((entry) => !others.has(entry));

/**
 * What a policy allows that another one, whose place it takes, did not.
 *
 * @param before Absent or empty: nothing was allowed.
 * @param after Absent or empty: nothing will be allowed.
 * @throws SyntaxError if one of them is not JSON.
 */
export function widening(before: string | undefined, after: string | undefined): Widening {
  const old = before ? parse(before) : NOTHING;
  const now = after ? parse(after) : NOTHING;
  return {
    grants: now.allowed.filter((grant) => !old.allowed.some((other) => covers(other, grant))),
    lostDenials: after ? absentFrom(old.denials, now.denials) : [],
    opaque: absentFrom(now.opaque, old.opaque),
  };
}

/** Whether there is nothing in it. */
export function isNarrow({ grants, lostDenials, opaque }: Widening): boolean {
  return grants.length === 0 && lostDenials.length === 0 && opaque.length === 0;
}

/** Whether a policy allows all that another one does. A text that is no policy covers nothing. */
export function policyCovers(text: string, wanted: string): boolean {
  try {
    return isNarrow(widening(text, wanted));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Actions that only read; many of them have no resource to scope them to. */
const READING = /^[a-z0-9-]+:(Get|List|Describe)[A-Za-z]*$/;

/** Whether a grant is for anyone, for any action, or for changing any resource. */
export function isBroad({ principal, action, resource, condition }: Grant): boolean {
  if (principal === "*") return true;
  if (action.includes("*")) return true;
  // A policy of a resource names none.
  return resource === "*" && principal === undefined && condition === "" && !READING.test(action);
}

/** Everything that a policy allows. @throws SyntaxError if the string is not JSON. */
export function allowedBy(text: string | undefined): readonly Grant[] {
  return text ? parse(text).allowed : [];
}

function join(parts: Iterable<string>): string {
  return [...new Set(parts)].join(", ");
}

/** Grants in words, those of one principal and condition together: `ecr:PutImage on R for 123456789012`. */
export function describeGrants(grants: readonly Grant[]): string[] {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const same = grants.filter(
      ({ principal, resource, condition }) =>
        principal === grant.principal &&
        resource === grant.resource &&
        condition === grant.condition,
    );
    const actions = same.map(({ action }) => action).sort();
    const key = JSON.stringify([grant.principal ?? null, grant.condition, actions]);
    groups.set(key, [...(groups.get(key) ?? []), grant]);
  }
  return [...groups.values()].map((group) => {
    const { principal, condition } = group[0]!;
    const resources = join(group.map(({ resource }) => resource));
    return [
      join(group.map(({ action }) => action)),
      resources === "*" && principal !== undefined ? "" : ` on ${resources}`,
      principal === undefined ? "" : ` for ${principal === "*" ? "everyone" : principal}`,
      condition === "" ? "" : ` if ${condition}`,
    ].join("");
  });
}
