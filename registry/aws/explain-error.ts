import { explainAwsError } from "./errors";

/** What went wrong with a call, as one line: with the remedy where it is known. */
export function explainError(error: unknown): string {
  const known = explainAwsError(error);
  if (known !== undefined) return known;
  return error instanceof Error
    ? `${error.name}: ${error.message.replace(/\s*\n\s*/g, " ")}`
    : String(error);
}
