import { PULL_ACTIONS, REPOSITORY_STATEMENT_ID } from "../../ecr/policies";
import { ACCOUNT_ROOT, asList, isObject, type Json, type JsonObject } from "./json";

/*
 * Which repository policies this project wrote, recognized by their form: ECR does not say who set a policy, and a repository
 * that its creation template gave a policy has no marker yet.
 */

/** Whether an object has no other members than these; one that is null is absent. */
function hasOnly(object: JsonObject, ...names: readonly string[]): boolean {
  return Object.entries(object).every(([name, value]) => names.includes(name) || value === null);
}

/** An account as ECR takes it for a principal: its id, or the ARN of its root. */
function isAccount(principal: Json): boolean {
  return (
    typeof principal === "string" && (/^[0-9]{12}$/.test(principal) || ACCOUNT_ROOT.test(principal))
  );
}

const isAbsent = (value: Json | undefined) => value === undefined || value === null;

/** Whether a condition is about one key, by one operator, and names organizations. */
function isAbout(condition: Json | undefined, operator: string, key: string): boolean {
  if (!isObject(condition) || !hasOnly(condition, operator)) return false;
  const keys = condition[operator];
  if (!isObject(keys) || !hasOnly(keys, key)) return false;
  const values = asList(keys[key]);
  return (
    values.length > 0 &&
    values.every((value) => typeof value === "string" && /^o-[a-z0-9]+(\/|$)/.test(value))
  );
}

/** What our statements look like, by the end of their ids. */
const FORMS: Readonly<
  Record<string, (principal: Json | undefined, condition: Json | undefined) => boolean>
> = {
  "": (principal, condition) =>
    isAbsent(condition) &&
    isObject(principal) &&
    hasOnly(principal, "AWS") &&
    asList(principal.AWS).length > 0 &&
    asList(principal.AWS).every(isAccount),
  Organizations: (principal, condition) =>
    principal === "*" && isAbout(condition, "StringEquals", "aws:PrincipalOrgID"),
  OrganizationPaths: (principal, condition) =>
    principal === "*" && isAbout(condition, "ForAnyValue:StringLike", "aws:PrincipalOrgPaths"),
};

function isOwnStatement(statement: Json): boolean {
  if (!isObject(statement)) return false;
  if (!hasOnly(statement, "Sid", "Effect", "Principal", "Action", "Condition")) return false;
  const { Sid, Effect, Principal, Action, Condition } = statement;
  if (typeof Sid !== "string" || !Sid.startsWith(REPOSITORY_STATEMENT_ID)) return false;
  const suffix = Sid.slice(REPOSITORY_STATEMENT_ID.length);
  const actions = new Set(asList(Action));
  return (
    Effect === "Allow" &&
    actions.size === PULL_ACTIONS.length &&
    PULL_ACTIONS.every((action) => actions.has(action)) &&
    Object.hasOwn(FORMS, suffix) &&
    FORMS[suffix]!(Principal, Condition)
  );
}

/**
 * Whether each statement of a repository policy is one that this project writes: its statement id, exactly its actions,
 * accounts or organizations as principals, and nothing else.
 */
export function isOwnRepositoryPolicy(text: string): boolean {
  let policy: Json;
  try {
    policy = JSON.parse(text) as Json;
  } catch {
    return false;
  }
  if (!isObject(policy) || !hasOnly(policy, "Version", "Statement")) return false;
  const statements = asList(policy.Statement);
  return statements.length > 0 && statements.every(isOwnStatement);
}
