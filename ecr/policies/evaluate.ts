/*
 * IAM's decision about an action, by the policies of an identity and of a resource.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** Values of condition keys, such as `aws:PrincipalOrgID`. */
export type ConditionContext = Readonly<Record<string, string | readonly string[]>>;

/** Who makes a call. */
export interface Principal {
  readonly account: string;
  /** The caller, and for an assumed role that of the role; a service by its name, such as `cloudwatch.amazonaws.com`. */
  readonly arns: readonly string[];
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

interface Statement {
  readonly Effect?: string;
  readonly Principal?:
    "*" | Readonly<Partial<Record<"AWS" | "Service", string | readonly string[]>>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Conditions;
}

function asList<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}

function statementsOf(policy: string): readonly Statement[] {
  return asList((JSON.parse(policy) as { Statement?: Statement | Statement[] }).Statement);
}

function matches(pattern: string, text: string, flags = "s"): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, flags).test(text);
}

function isAmong(
  value: string,
  listed: string | readonly string[] | undefined,
  excepted: string | readonly string[] | undefined,
): boolean {
  return excepted === undefined
    ? asList(listed).some((pattern) => matches(pattern, value, "is"))
    : !asList(excepted).some((pattern) => matches(pattern, value, "is"));
}

const EQUAL = (pattern: string, value: string) => pattern === value;
const LIKE = (pattern: string, value: string) => matches(pattern, value);

/** The condition operators that are evaluated; a statement with another one applies to nothing. */
const OPERATORS: Readonly<
  Record<string, { readonly test: typeof EQUAL; readonly isNegated?: true }>
> = {
  StringEquals: { test: EQUAL },
  StringLike: { test: LIKE },
  Bool: { test: EQUAL },
  ArnEquals: { test: LIKE },
  ArnLike: { test: LIKE },
  StringNotEquals: { test: EQUAL, isNegated: true },
  StringNotLike: { test: LIKE, isNegated: true },
  ArnNotEquals: { test: LIKE, isNegated: true },
  ArnNotLike: { test: LIKE, isNegated: true },
};

/** Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
function isMet(conditions: Conditions | undefined, context: ConditionContext): boolean {
  return Object.entries(conditions ?? {}).every(([name, keys]) => {
    const operator = OPERATORS[name.replace(/^ForAnyValue:/, "")];
    if (!operator) return false;
    return Object.entries(keys).every(([key, patterns]) => {
      const hit = asList(context[key]).some((value) =>
        asList(patterns).some((pattern) => operator.test(pattern, value)),
      );
      return hit !== (operator.isNegated ?? false);
    });
  });
}

function appliesTo(
  { Action, NotAction, Resource, NotResource, Condition }: Statement,
  action: string,
  resource: string,
  context: ConditionContext,
): boolean {
  // A repository policy names no resource: it is about its repository.
  const isAbout =
    (Resource === undefined && NotResource === undefined) ||
    isAmong(resource, Resource, NotResource);
  return isAmong(action, Action, NotAction) && isAbout && isMet(Condition, context);
}

function decide(effects: readonly (string | undefined)[]): Decision {
  if (effects.includes("Deny")) return "explicitDeny";
  return effects.includes("Allow") ? "allowed" : "implicitDeny";
}

/**
 * The decision of an identity's policies.
 *
 * @param policies The documents, as JSON strings.
 * @param context Default: none, as in IAM's policy simulator. A condition on a key that it lacks is not met.
 */
export function evaluate(
  policies: readonly string[],
  action: string,
  resource: string,
  context: ConditionContext = {},
): Decision {
  return decide(
    policies
      .flatMap(statementsOf)
      .filter((statement) => appliesTo(statement, action, resource, context))
      .map(({ Effect }) => Effect),
  );
}

/** How a statement's principals cover a caller: by themselves, or as the account, whose own policies then decide too. */
function coverage(
  { Principal: principals }: Statement,
  { account, arns }: Principal,
): "caller" | "account" | undefined {
  const listed = principals === "*" ? ["*"] : asList(principals?.AWS);
  const named = principals === "*" ? listed : [...listed, ...asList(principals?.Service)];
  if (named.some((one) => one === "*" || arns.includes(one))) return "caller";
  const isAccount = (one: string) =>
    one === account || new RegExp(`^arn:aws[a-z-]*:iam::${account}:root$`).test(one);
  return listed.some(isAccount) ? "account" : undefined;
}

/**
 * The decision of a resource's policies, and whether what they allow is allowed to the caller itself or only to its
 * account.
 */
export function evaluateResourcePolicies(
  policies: readonly string[],
  principal: Principal,
  action: string,
  resource: string,
  context: ConditionContext,
): { readonly decision: Decision; readonly isToCaller: boolean } {
  const applying = policies
    .flatMap(statementsOf)
    .map((statement) => ({ statement, covers: coverage(statement, principal) }))
    .filter(
      ({ statement, covers }) =>
        covers !== undefined && appliesTo(statement, action, resource, context),
    );
  return {
    decision: decide(applying.map(({ statement }) => statement.Effect)),
    isToCaller: applying.some(
      ({ statement, covers }) => statement.Effect === "Allow" && covers === "caller",
    ),
  };
}
