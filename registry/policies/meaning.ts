import { createHash } from "node:crypto";
import { ACCOUNT_ROOT, asList, isObject, type Json, type JsonObject } from "./json";

/*
 * What policies mean, apart from how they are written. ECR keeps a policy's text as it was given, so the same policy
 * comes back with other white space, key order or spelling, depending on who put it there.
 *
 * The normal forms are part of the contract with every repository whose fingerprint was taken: a policy that is
 * normalized differently tomorrow looks like one that somebody changed by hand.
 */

/** JSON with its keys sorted and without those that hold null, which ECR takes for absent. */
function stableJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(stableJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .filter((key) => value[key] !== null)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${stableJson(value[key]!)}`);
  return `{${members.join(",")}}`;
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function texts(value: Json | undefined): string[] {
  return asList(value).map((entry) => (typeof entry === "string" ? entry : stableJson(entry)));
}

/** A string that is not a JSON object means only itself. */
function normalize(text: string, normalForm: (policy: JsonObject) => Json): string {
  let policy: Json;
  try {
    policy = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  return isObject(policy) ? stableJson(normalForm(policy)) : text;
}

// ---------------------------------------------------------------------------------------------------------------
// Lifecycle policies (https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html)

function priority(rule: Json): number {
  return isObject(rule) && typeof rule.rulePriority === "number" ? rule.rulePriority : 0;
}

function normalLifecycleRule(rule: Json): Json {
  if (!isObject(rule)) return rule;
  const { description, rulePriority, selection, ...rest } = rule;
  if (!isObject(selection)) return { ...rest, selection: selection ?? null };
  const { tagPatternList, tagPrefixList, storageClass, ...other } = selection;
  return {
    ...rest,
    selection: {
      ...other,
      // An image must match all entries, whatever their order.
      ...(tagPatternList && { tagPatternList: sortedSet(texts(tagPatternList)) }),
      ...(tagPrefixList && { tagPrefixList: sortedSet(texts(tagPrefixList)) }),
      // The default.
      ...(storageClass !== undefined && storageClass !== "standard" && { storageClass }),
    },
  };
}

/**
 * A lifecycle policy's normal form: equal texts mean the same policy. Descriptions mean nothing, and of priorities only
 * the order does.
 */
export function normalLifecyclePolicy(text: string): string {
  return normalize(text, ({ rules, ...rest }) => ({
    ...rest,
    rules: [...asList(rules)].sort((a, b) => priority(a) - priority(b)).map(normalLifecycleRule),
  }));
}

// ---------------------------------------------------------------------------------------------------------------
// Repository policies (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)

/** An account's id and the ARN of its root are the same principal. */
function normalPrincipal(principal: Json): Json {
  if (principal === "*") return { AWS: ["*"] };
  if (!isObject(principal)) return principal;
  return Object.fromEntries(
    Object.entries(principal).map(([kind, ids]) => [
      kind,
      sortedSet(texts(ids).map((id) => ACCOUNT_ROOT.exec(id)?.[1] ?? id)),
    ]),
  );
}

/** The names of condition keys have no case. */
function normalCondition(condition: Json): Json {
  if (!isObject(condition)) return condition;
  return Object.fromEntries(
    Object.entries(condition).map(([operator, keys]) => [
      operator,
      isObject(keys)
        ? Object.fromEntries(
            Object.entries(keys).map(([key, values]) => [
              key.toLowerCase(),
              sortedSet(texts(values)),
            ]),
          )
        : keys,
    ]),
  );
}

function normalStatement(statement: Json): Json {
  if (!isObject(statement)) return statement;
  const normal: Record<string, Json> = {};
  for (const [element, value] of Object.entries(statement)) {
    switch (element) {
      case "Sid":
        break;
      case "Principal":
      case "NotPrincipal":
        normal[element] = normalPrincipal(value);
        break;
      case "Action":
      case "NotAction":
        normal[element] = sortedSet(texts(value).map((action) => action.toLowerCase()));
        break;
      case "Resource":
      case "NotResource":
        normal[element] = sortedSet(texts(value));
        break;
      case "Condition":
        normal[element] = normalCondition(value);
        break;
      default:
        normal[element] = value;
    }
  }
  return normal;
}

/**
 * A repository policy's normal form: equal texts mean the same policy. The names of policy and statements mean nothing,
 * nor does the order of statements or of what is listed in them.
 */
export function normalRepositoryPolicy(text: string): string {
  return normalize(text, ({ Id, Version, Statement, ...rest }) => ({
    ...rest,
    // IAM's default.
    Version: Version ?? "2008-10-17",
    Statement: sortedSet(asList(Statement).map(normalStatement).map(stableJson)),
  }));
}

/** A short name for a normal form, to be kept in a tag: the same for policies that mean the same. */
export function fingerprint(normalForm: string): string {
  return createHash("sha256").update(normalForm).digest("hex").slice(0, 16);
}
