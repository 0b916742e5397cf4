import type { EvaluationResult } from "@aws-sdk/client-iam";
import type { Environment } from "../../ecr/environment";
import { CACHE_ACTIONS, PULL_ACTIONS, repositoriesArn } from "../../ecr/policies";
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
      ResourceArns: environment.rules.map(({ prefix }) =>
        repositoriesArn(environment, region, prefix),
      ),
    },
  ];
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
