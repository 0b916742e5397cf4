/**
 * Something the user can fix: its message is complete (one clear line, or one line a problem), so
 * programs print it without a stack trace. Everything else that is thrown is a defect and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}
