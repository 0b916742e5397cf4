import { accountsWithAccess, type Environment } from "../ecr/environment";
import { formatPolicy, policyDocument } from "../ecr/policies";
import { allowedBy, type Grant } from "../registry/policies/grants";
import { GUARD, type Singleton, singletons } from "../ecr/singletons";
import { text } from "./attributes";
import type { Plan, ResourceChange } from "./plan";

/** What the review of a change depends on: the rest of the plan. */
export interface Context {
  readonly plan: Plan;
  /** The account that the plan works in; undefined if its providers are not restricted to one. */
  readonly account: string | undefined;
  /** The rules that the plan creates or imports, each as `REGION PREFIX`: access to them is intended. */
  readonly newRules: ReadonlySet<string>;
  /** The rules that the plan destroys or forgets. */
  readonly goingRules: ReadonlySet<string>;
  /** The regions whose registry policy can't lose statements of others: the plan would have failed. */
  readonly guardedPolicies: ReadonlySet<string>;
  /** The regions whose scanning configuration can't lose rules of others. */
  readonly guardedScanning: ReadonlySet<string>;
  /** Whom the environment lets in; undefined where it is not known. */
  readonly access: Access | undefined;
}

const SINGLETONS: readonly string[] = Object.values(singletons).map(({ type }) => type);

/** Whether a resource only reads what a registry has once (constructs/singleton-guard.ts). */
export function isGuard({ type, name }: ResourceChange): boolean {
  return SINGLETONS.includes(type) && name.endsWith(`_${GUARD}`);
}

const RULE = "aws_ecr_pull_through_cache_rule";

function ruleKey(change: ResourceChange): string {
  const prefix =
    text(change.after, "ecr_repository_prefix") ?? text(change.before, "ecr_repository_prefix");
  return `${change.region} ${prefix}`;
}

/** Whom an environment lets in from elsewhere. */
export interface Access {
  /** The principals that may pull, as grants have them. */
  readonly principals: ReadonlySet<string>;
  /** What the statements of others in the registry policy allow. */
  readonly registryGrants: readonly Grant[];
}

/** Whom an environment lets in from elsewhere. */
function accessOf(environment: Pick<Environment, "access">): Access {
  const { access } = environment;
  const others = policyDocument(...(access.registryStatements ?? []));
  return {
    principals: new Set([
      ...accountsWithAccess(environment),
      ...access.organizations.map((id) => `organization ${id}`),
      ...access.organizationPaths.map((path) => `organization path ${path}`),
    ]),
    registryGrants: allowedBy(formatPolicy(others)),
  };
}

/** The regions in which a guard is created or stays. */
function guarded({ changes }: Plan, singleton: Singleton): ReadonlySet<string> {
  return new Set(
    changes
      .filter(
        (change) =>
          change.type === singletons[singleton].type &&
          isGuard(change) &&
          !["destroy", "forget"].includes(change.action),
      )
      .flatMap(({ region }) => region ?? []),
  );
}

export function contextOf(plan: Plan, environment?: Pick<Environment, "access">): Context {
  const rules = plan.changes.filter(({ type }) => type === RULE);
  const keys = (...actions: readonly ResourceChange["action"][]) =>
    new Set(rules.filter(({ action }) => actions.includes(action)).map(ruleKey));
  return {
    plan,
    account: plan.providers.find(({ accounts }) => accounts?.length === 1)?.accounts?.[0],
    newRules: keys("create", "import"),
    goingRules: keys("destroy", "forget"),
    access: environment && accessOf(environment),
    guardedPolicies: guarded(plan, "registry-policy"),
    guardedScanning: guarded(plan, "scanning"),
  };
}

/** The resource of another type and the same name: the parts of one thing share a name. */
export function namesake(
  { plan }: Context,
  type: string,
  name: string,
): ResourceChange | undefined {
  return plan.changes.find((change) => change.type === type && change.name === name);
}
