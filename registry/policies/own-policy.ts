import { PULL_ACTIONS, REPOSITORY_STATEMENT_ID } from "../../ecr/policies";
import { ACCOUNT_ROOT, asList, type Json } from "./json";

/*
 * Which repository policies this project wrote, told by their form: ECR does not say who set a policy, and a repository
 * that its creation template gave a policy has no marker yet.
 */

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an object has no other members than these; one that is null is absent. */
function hasOnly(object: { readonly [key: string]: Json }, ...names: readonly string[]): boolean {
  return Object.entries(object).every(([name, value]) => names.includes(name) || value === null);
}

/** An account as ECR takes it for a principal: its id, or the ARN of its root. */
function isAccount(principal: Json): boolean {
  return (
    typeof principal === "string" && (/^[0-9]{12}$/.test(principal) || ACCOUNT_ROOT.test(principal))
  );
}

function isOwnStatement(statement: Json): boolean {
  if (!isObject(statement) || !hasOnly(statement, "Sid", "Effect", "Principal", "Action")) {
    return false;
  }
  const { Sid, Effect, Principal, Action } = statement;
  const actions = new Set(asList(Action));
  if (!isObject(Principal) || !hasOnly(Principal, "AWS")) return false;
  const accounts = asList(Principal.AWS);
  return (
    Sid === REPOSITORY_STATEMENT_ID &&
    Effect === "Allow" &&
    actions.size === PULL_ACTIONS.length &&
    PULL_ACTIONS.every((action) => actions.has(action)) &&
    accounts.length > 0 &&
    accounts.every(isAccount)
  );
}

/**
 * Whether each statement of a repository policy is one that this project writes: its statement id, exactly its actions,
 * accounts as principals, and nothing else.
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
