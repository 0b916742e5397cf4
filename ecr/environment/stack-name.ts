import type { StackKind } from "./backend";
import { type Environment, managedRules } from "./model";

/** The name of a stack of an environment: `ENV` or `ENV-credentials`. */
export function stackName(environment: { readonly name: string }, kind: StackKind): string {
  return kind === "cache" ? environment.name : `${environment.name}-credentials`;
}

/** The kinds of stacks that an environment has, in the order in which they are deployed. */
export function stackKinds(environment: Environment): readonly StackKind[] {
  return managedRules(environment).length > 0 ? ["credentials", "cache"] : ["cache"];
}
