/** What ECR answers instead of a result; `code` is one of the exceptions in the API reference. */
export class EcrException extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** ECR's wording for an invalid parameter. */
export function invalidParameter(parameter: string, constraint: string): EcrException {
  return new EcrException(
    "InvalidParameterException",
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  );
}

/** The value of a required parameter. */
export function required<Value>(value: Value | null | undefined, parameter: string): Value {
  if (value === undefined || value === null) {
    throw invalidParameter(parameter, "Member must not be null");
  }
  return value;
}

/** Checks the length and pattern of an optional string. */
export function constrain(
  value: string | undefined,
  parameter: string,
  constraint: { readonly min?: number; readonly max?: number; readonly pattern?: RegExp },
): void {
  if (value === undefined) return;
  const { min, max, pattern } = constraint;
  if (min !== undefined && value.length < min) {
    throw invalidParameter(parameter, `Member must have length greater than or equal to ${min}`);
  }
  if (max !== undefined && value.length > max) {
    throw invalidParameter(parameter, `Member must have length less than or equal to ${max}`);
  }
  if (pattern && !pattern.test(value)) {
    throw invalidParameter(parameter, `must satisfy regular expression '${pattern.source}'`);
  }
}

/** Checks that an optional value is one of a list. */
export function oneOf(
  value: string | undefined,
  parameter: string,
  allowed: readonly string[],
): void {
  if (value === undefined || allowed.includes(value)) return;
  throw invalidParameter(
    parameter,
    `Member must satisfy enum value set: [${[...allowed].sort().join(", ")}]`,
  );
}
