/**
 * The message of the UserError that an action throws: what a user would read. Anything else that is thrown goes through,
 * and so does a missing error.
 */
export function userErrorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && error.name === "UserError") return error.message;
    throw error;
  }
  throw new Error("expected a UserError, but nothing was thrown");
}
