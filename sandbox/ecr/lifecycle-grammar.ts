import { type CountType, countTypeNames, type PolicyAction } from "../../ecr/lifecycle-actions";
import { constrain, type EcrException, invalidParameter } from "./exceptions";

/*
 * The grammar of lifecycle policies, with the messages of the service's validator where they are known.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html. Only the names of
 * actions and count types are the project's (ecr/lifecycle-actions.ts). Its own writer of policies is deliberately not
 * used, so that its mistakes are refused here.
 */

export interface LifecycleRule {
  readonly rulePriority: number;
  readonly description?: string;
  readonly selection: {
    readonly tagStatus: "any" | "tagged" | "untagged";
    readonly tagPatternList?: readonly string[];
    readonly tagPrefixList?: readonly string[];
    readonly storageClass?: "archive" | "standard";
    readonly countType: CountType;
    readonly countUnit?: "days";
    readonly countNumber: number;
  };
  readonly action: PolicyAction;
}

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
const MAX_RULES = 50;
const MAX_LENGTH = 30_720;
const MAX_WILDCARDS = 4;
const MIN_ARCHIVED_DAYS = 90;

type Fields = Readonly<Record<string, unknown>>;

function failure(text: string): EcrException {
  return invalidParameter("LifecyclePolicyText", `Lifecycle policy validation failure: ${text}`);
}

/** Where the combination of keys and values is not one that the service knows. */
const noSchema = (count: number) =>
  failure(`instance failed to match exactly one schema (matched 0 out of ${count})`);

function quoteAll(texts: readonly string[]): string {
  return JSON.stringify([...texts].sort());
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function typed<Value>(value: unknown, type: string): Value {
  if (typeOf(value) === type) return value as Value;
  throw failure(
    `instance type (${typeOf(value)}) does not match any allowed primitive type (allowed: ["${type}"])`,
  );
}

function fieldsOf(
  value: unknown,
  keys: { readonly required: readonly string[]; readonly optional?: readonly string[] },
): Fields {
  const fields = typed<Fields>(value, "object");
  const missing = keys.required.filter((key) => !Object.hasOwn(fields, key));
  if (missing.length > 0) {
    throw failure(`object has missing required properties (${quoteAll(missing)})`);
  }
  const known = [...keys.required, ...(keys.optional ?? [])];
  const unknown = Object.keys(fields).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw failure(
      `object instance has properties which are not allowed by the schema: (${quoteAll(unknown)})`,
    );
  }
  return fields;
}

function among(value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  throw failure(
    `instance value (${JSON.stringify(value)}) not found in enum (possible values: ${quoteAll(allowed)})`,
  );
}

function atLeast(value: unknown, minimum: number): void {
  const found = typed<number>(value, "integer");
  if (found >= minimum) return;
  throw failure(
    `numeric instance is lower than the required minimum (minimum: ${minimum}, found: ${found})`,
  );
}

function tagList(value: unknown): string[] {
  const entries = typed<unknown[]>(value, "array").map((entry) => typed<string>(entry, "string"));
  if (entries.length === 0) {
    throw failure("array is too short: must have at least 1 elements but instance has 0 elements");
  }
  const empty = entries.find((entry) => entry === "");
  if (empty !== undefined) {
    throw failure('string "" is too short (length: 0, required minimum: 1)');
  }
  return entries;
}

type ActionType = PolicyAction["type"];

/** Which actions a count type can have; deletion by last pull is refused by design. */
const ACTIONS_OF: Readonly<Record<CountType, readonly ActionType[]>> = {
  imageCountMoreThan: ["expire", "transition"],
  sinceImagePushed: ["expire", "transition"],
  sinceImagePulled: ["transition"],
  sinceImageTransitioned: ["expire"],
};
const ACTION_TYPES = [...new Set(Object.values(ACTIONS_OF).flat())];

function checkAction(value: unknown): ActionType {
  const action = fieldsOf(value, { required: ["type"], optional: ["targetStorageClass"] });
  among(action.type, ACTION_TYPES);
  const wanted = action.type === "transition" ? "archive" : undefined;
  // A null is no absence: https://github.com/cloudposse/terraform-aws-ecr/issues/158
  const hasKey = Object.hasOwn(action, "targetStorageClass");
  if (hasKey !== (wanted !== undefined) || action.targetStorageClass !== wanted) throw noSchema(2);
  return action.type as ActionType;
}

function checkSelection(value: unknown, actionType: ActionType): void {
  const selection = fieldsOf(value, {
    required: ["countNumber", "countType", "tagStatus"],
    optional: ["countUnit", "storageClass", "tagPatternList", "tagPrefixList"],
  });
  const { countNumber, countType, countUnit, storageClass, tagStatus } = selection;
  among(tagStatus, ["any", "tagged", "untagged"]);
  among(countType, countTypeNames);
  checkTagLists(selection);

  if (!ACTIONS_OF[countType as CountType].includes(actionType)) throw noSchema(4);
  if (Object.hasOwn(selection, "storageClass")) among(storageClass, ["archive", "standard"]);
  if ((countType === "sinceImageTransitioned") !== (storageClass === "archive")) {
    throw noSchema(4);
  }
  const counts = countType === "imageCountMoreThan";
  if (counts === Object.hasOwn(selection, "countUnit")) throw noSchema(4);
  if (!counts) among(countUnit, ["days"]);
  atLeast(countNumber, countType === "sinceImageTransitioned" ? MIN_ARCHIVED_DAYS : 1);
}

function checkTagLists({ tagStatus, tagPatternList, tagPrefixList }: Fields): void {
  const lists = [tagPatternList, tagPrefixList].filter((list) => list !== undefined);
  if (tagStatus === "tagged" && lists.length === 0) {
    throw failure("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.");
  }
  if (lists.length === 2 || (tagStatus !== "tagged" && lists.length > 0)) throw noSchema(4);
  for (const list of lists) tagList(list);
  for (const pattern of tagPatternList === undefined ? [] : tagList(tagPatternList)) {
    if (pattern.split("*").length - 1 > MAX_WILDCARDS) {
      throw failure(`A tag pattern can have at most ${MAX_WILDCARDS} wildcards (*).`);
    }
  }
}

function checkRule(value: unknown): LifecycleRule {
  const { rulePriority, description, selection, action } = fieldsOf(value, {
    required: ["action", "rulePriority", "selection"],
    optional: ["description"],
  });
  atLeast(rulePriority, 1);
  if (description !== undefined) typed<string>(description, "string");
  checkSelection(selection, checkAction(action));
  return value as LifecycleRule;
}

const storageClassOf = ({ selection }: LifecycleRule) => selection.storageClass ?? "standard";

function checkTogether(rules: readonly LifecycleRule[]): void {
  if (new Set(rules.map(({ rulePriority }) => rulePriority)).size < rules.length) {
    throw failure("Rules must have unique priorities");
  }
  for (const storageClass of ["standard", "archive"]) {
    const within = rules.filter((rule) => storageClassOf(rule) === storageClass);
    const lowest = Math.max(...within.map(({ rulePriority }) => rulePriority));
    for (const { rulePriority, selection } of within) {
      if (selection.tagStatus === "any" && rulePriority !== lowest) {
        throw failure("Rule for tagStatus=ANY must have the lowest priority per storage class");
      }
    }
    if (within.filter(({ selection }) => selection.tagStatus === "untagged").length > 1) {
      throw failure("Only one rule can select Untagged images per storage class");
    }
    const prefixes = within.flatMap(({ selection }) => selection.tagPrefixList ?? []);
    if (new Set(prefixes).size < prefixes.length) {
      throw failure("Tag prefixes must be unique per storage class");
    }
  }
}

/**
 * The rules of a policy.
 *
 * @throws EcrException (InvalidParameterException) for everything that ECR refuses.
 */
export function parseLifecyclePolicy(text: string): LifecycleRule[] {
  constrain(text, "lifecyclePolicyText", { max: MAX_LENGTH });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw failure("Could not map policyString into LifecyclePolicy.");
  }
  if (typeOf(document) !== "object") {
    throw failure("Could not map policyString into LifecyclePolicy.");
  }
  const rules = typed<unknown[]>(fieldsOf(document, { required: ["rules"] }).rules, "array");
  if (rules.length === 0) {
    throw failure("array is too short: must have at least 1 elements but instance has 0 elements");
  }
  if (rules.length > MAX_RULES) {
    throw failure(
      `array is too long: must have at most ${MAX_RULES} elements but instance has ${rules.length} elements`,
    );
  }
  const checked = rules.map(checkRule);
  checkTogether(checked);
  return checked.sort((left, right) => left.rulePriority - right.rulePriority);
}
