import type { StackKind } from "./backend";

/** The name of a stack of an environment: `ENV` or `ENV-credentials`. */
export function stackName(environment: { readonly name: string }, kind: StackKind): string {
  return kind === "cache" ? environment.name : `${environment.name}-credentials`;
}
