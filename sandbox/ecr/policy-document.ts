import { constrain, invalidParameter } from "./exceptions";

/** Characters; `policyText` in the API reference of PutRegistryPolicy and SetRepositoryPolicy. */
const MAX_LENGTH = 10_240;

const STATEMENT_KEYS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

/** The actions that registry policies of the first version could grant. */
type Statement = Readonly<Record<string, unknown>>;

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function statementsOf(text: string): Statement[] | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== "object" || document === null) return undefined;
  const { Version, Statement, Id: _, ...rest } = document as Record<string, unknown>;
  if (Object.keys(rest).length > 0) return undefined;
  if (![undefined, "2012-10-17", "2008-10-17"].includes(Version as string | undefined)) {
    return undefined;
  }
  const statements = Statement === undefined ? [] : listOf(Statement);
  const sound = statements.every((one) => typeof one === "object" && one !== null);
  return sound && statements.length > 0 ? (statements as Statement[]) : undefined;
}

function isSound(statement: Statement, mayDo: (action: string) => boolean): boolean {
  const has = (key: string) => statement[key] !== undefined;
  const actions = listOf(statement.Action ?? statement.NotAction);
  return (
    Object.keys(statement).every((key) => STATEMENT_KEYS.includes(key)) &&
    ["Allow", "Deny"].includes(statement.Effect as string) &&
    has("Principal") !== has("NotPrincipal") &&
    has("Action") !== has("NotAction") &&
    actions.length > 0 &&
    actions.every((action) => typeof action === "string" && mayDo(action))
  );
}

function constrainPolicy(
  text: string,
  kind: "registry" | "repository",
  isAllowed: (statement: Statement) => boolean,
): void {
  constrain(text, "policyText", { max: MAX_LENGTH });
  const statements = statementsOf(text);
  if (!statements?.every(isAllowed)) {
    throw invalidParameter("PolicyText", `Invalid ${kind} policy provided`);
  }
}

const isEcrAction = (action: string) => action === "*" || /^ecr:[A-Za-z*?]+$/.test(action);

/** Checks the JSON of a repository policy. */
export function constrainRepositoryPolicy(text: string): void {
  constrainPolicy(text, "repository", (statement) => isSound(statement, isEcrAction));
}

/**
 * Checks the JSON of a registry policy, which may allow every action of ECR.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
 */
export function constrainRegistryPolicy(text: string): void {
  constrainPolicy(
    text,
    "registry",
    (statement) =>
      isSound(statement, isEcrAction) &&
      (statement.Resource !== undefined) !== (statement.NotResource !== undefined),
  );
}
