/*
 * EventBridge's event patterns, as far as the rules of this project use them.
 *
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */

type Pattern = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Pattern =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is what one item of a pattern's list allows. @throws Error for an operator that is not known here. */
function allows(item: unknown, value: unknown): boolean {
  if (!isObject(item)) return item === value;
  const [[operator = "", operand] = []] = Object.entries(item);
  switch (operator) {
    case "prefix":
      return typeof value === "string" && value.startsWith(String(operand));
    case "suffix":
      return typeof value === "string" && value.endsWith(String(operand));
    case "exists":
      return (value !== undefined) === operand;
    case "anything-but":
      return value !== undefined && ![operand].flat().some((one) => allows(one, value));
    default:
      throw new Error(`the sandbox does not know the operator ${operator} of event patterns`);
  }
}

/** Whether an event matches a pattern. */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).every(([key, expected]) => {
    const value = isObject(event) ? event[key] : undefined;
    return Array.isArray(expected)
      ? expected.some((item) => allows(item, value))
      : matchesPattern(expected, value);
  });
}
