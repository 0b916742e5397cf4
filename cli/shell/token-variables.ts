import { type Environment, managedRules, tokenVariable } from "../../ecr/environment";
import type { DeclaredStack } from "../../ecr/environment/stack-name";
import type { StackVariables } from "./terraform";

/** Stands for a token where Terraform requires one, but neither writes nor keeps it. */
const PLACEHOLDER = "not-a-token";

/** The token for a variable that the user has set for Terraform, if it is set. */
export function givenToken(variable: string): string | undefined {
  const token = process.env[`TF_VAR_${variable}`];
  return token === "" ? undefined : token;
}

/** The variables that a plan of a stack requires and the user has not set: a token is needed only to be written. */
export function placeholders(environment: Environment, { kind }: DeclaredStack): StackVariables {
  if (kind !== "credentials") return {};
  return Object.fromEntries(
    managedRules(environment)
      .map(({ prefix }) => tokenVariable(prefix))
      .filter((variable) => givenToken(variable) === undefined)
      .map((variable) => [variable, PLACEHOLDER]),
  );
}
