import type { StackKind } from "./backend";
import { type Consumer, type Environment, managedRules, type Placement } from "./model";

/** The name of a stack that an environment has once: `ENV` or `ENV-credentials`. */
export function stackName(
  environment: { readonly name: string },
  kind: Exclude<StackKind, "consumer">,
): string {
  return kind === "cache" ? environment.name : `${environment.name}-credentials`;
}

/** The name of a consumer's stack: `ENV-consumer-ACCOUNT`. */
export function consumerStackName(
  environment: { readonly name: string },
  { account }: { readonly account: string },
): string {
  return `${environment.name}-consumer-${account}`;
}

/** A stack of an environment. */
export interface DeclaredStack {
  readonly kind: StackKind;
  readonly name: string;
  readonly placement: Placement;
}

/** A stack that an environment has once. */
export function ownStack(
  environment: Environment,
  kind: Exclude<StackKind, "consumer">,
): DeclaredStack {
  return { kind, name: stackName(environment, kind), placement: environment };
}

/** The stack of a consumer. */
export function consumerStack(environment: Environment, consumer: Consumer): DeclaredStack {
  return {
    kind: "consumer",
    name: consumerStackName(environment, consumer),
    placement: consumer,
  };
}

/**
 * Whether a stack is in another account than its environment, and nothing says with whose credentials it is deployed: then
 * it can't be deployed together with the others.
 */
export function needsOtherCredentials({ kind, placement }: DeclaredStack): boolean {
  const { profile, assumeRole } = placement;
  return kind === "consumer" && profile === undefined && assumeRole === undefined;
}

/** The stacks of an environment, in the order in which they are deployed. */
export function stacksOf(environment: Environment): readonly DeclaredStack[] {
  return [
    ...(managedRules(environment).length > 0 ? [ownStack(environment, "credentials")] : []),
    ownStack(environment, "cache"),
    ...environment.access.consumers.map((consumer) => consumerStack(environment, consumer)),
  ];
}
