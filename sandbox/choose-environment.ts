import type { Environment } from "../ecr/environment";
import { stacksOf } from "../ecr/environment/stack-name";
import { UserError } from "../ecr/user-error";

/**
 * The environment that a command is about: the one that is named, else the first whose stacks are among the command's words,
 * else the first of all.
 *
 * @throws UserError where there is no environment, or none of the name.
 */
export function chooseEnvironment(
  words: readonly string[],
  environments: readonly Environment[],
  name?: string,
): Environment {
  if (name !== undefined) {
    const own = environments.find((environment) => environment.name === name);
    if (own) return own;
    const names = environments.map((environment) => environment.name).join(", ");
    throw new UserError(`--env: found ${name}; allowed: ${names}`);
  }
  // A command for a shell is one word.
  const parts = words.flatMap((word) => word.split(/\s+/));
  const named = parts
    .map((word) =>
      environments.find((environment) => stacksOf(environment).some(({ name }) => name === word)),
    )
    .find((environment) => environment !== undefined);
  const chosen = named ?? environments[0];
  if (!chosen)
    throw new UserError("environments/index.ts: found no environment; allowed: one or more");
  return chosen;
}
