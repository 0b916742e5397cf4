import type { EvaluationResult } from "@aws-sdk/client-iam";
import type { Environment } from "../../ecr/environment";
import { isAllowed } from "../../ecr/only";
import { CACHE_ACTIONS, PULL_ACTIONS, pulledRepositories, repositoryArn } from "../../ecr/policies";
import { ROOT } from "../../ecr/prefix";
import { groupBy } from "../../ecr/group-by";

/*
 * Whether a role may pull, according to IAM's policy simulator.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */

/** A question to the simulator. */
export interface Question {
  readonly ActionNames: string[];
  readonly ResourceArns: string[];
}

/** What a role must be allowed to pull through an environment's cache in a region, as questions to the simulator. */
export function pullQuestions(environment: Environment, region: string): Question[] {
  return [
    // AWS does not let this action be scoped to a resource.
    { ActionNames: ["ecr:GetAuthorizationToken"], ResourceArns: ["*"] },
    {
      ActionNames: [...PULL_ACTIONS, ...CACHE_ACTIONS],
      ResourceArns: environment.rules.flatMap((rule) =>
        pulledRepositories(environment, region, rule),
      ),
    },
  ];
}

/** Names that hardly any `only` lists. */
const UNLISTED = ["ecr-cache-verify/unlisted", "unlisted/ecr-cache-verify"];

/** What a role must not be allowed: to import a repository that the `only` of its rule does not list. */
export function unlistedQuestions(environment: Environment, region: string): Question[] {
  const ResourceArns = environment.rules.flatMap((rule) =>
    UNLISTED.map((name) => (rule.prefix === ROOT ? name : `${rule.prefix}/${name}`))
      .filter((name) => !isAllowed(rule, name))
      .slice(0, 1)
      .map((name) => repositoryArn(environment, region, name)),
  );
  return ResourceArns.length === 0 ? [] : [{ ActionNames: [...CACHE_ACTIONS], ResourceArns }];
}

/** The actions that the simulator allows. */
export function allowedActions(results: readonly EvaluationResult[]): string[] {
  const allowed = results.flatMap(decisionsOf).filter(({ decision }) => decision === "allowed");
  return [...new Set(allowed.map(({ action }) => action))];
}

/** Permissions that a role lacks. */
export interface Refusal {
  readonly actions: readonly string[];
  /** Repositories by their names, such as `docker-hub/*`; other resources by their ARNs. */
  readonly resources: readonly string[];
  /** Whether a policy denies it, rather than none allowing it. */
  readonly isExplicit: boolean;
}

interface Decision {
  readonly action: string;
  readonly resource: string;
  readonly decision: string;
}

/** One decision for each action and resource: the simulator nests those of several resources. */
function decisionsOf(result: EvaluationResult): Decision[] {
  const { EvalActionName: action = "", EvalDecision = "", EvalResourceName = "*" } = result;
  const specific = result.ResourceSpecificResults ?? [];
  if (specific.length === 0)
    return [{ action, resource: EvalResourceName, decision: EvalDecision }];
  return specific.map(({ EvalResourceName: resource = "*", EvalResourceDecision = "" }) => ({
    action,
    resource,
    decision: EvalResourceDecision,
  }));
}

const REPOSITORY = /^arn:[^:]*:ecr:[^:]*:[^:]*:repository\//;

/** What the simulator denies, with resources for which it denies the same actions together. */
export function refusals(results: readonly EvaluationResult[]): Refusal[] {
  const refused = results.flatMap(decisionsOf).filter(({ decision }) => decision !== "allowed");
  return [true, false].flatMap((isExplicit) => {
    const byResource = groupBy(
      refused.filter(({ decision }) => (decision === "explicitDeny") === isExplicit),
      ({ resource }) => resource,
    ).map((group) => ({
      resource: group[0]!.resource.replace(REPOSITORY, ""),
      actions: [...new Set(group.map(({ action }) => action))],
    }));
    return groupBy(byResource, ({ actions }) => actions.join()).map((group) => ({
      actions: group[0]!.actions,
      resources: group.map(({ resource }) => resource),
      isExplicit,
    }));
  });
}

/** A refusal in words. */
export function describeRefusal({ actions, resources, isExplicit }: Refusal): string {
  return `lacks ${actions.join(", ")} on ${resources.join(", ")}${isExplicit ? ", which a policy denies" : ""}`;
}
