import {
  type ECRClient,
  ValidatePullThroughCacheRuleCommand,
  type ValidatePullThroughCacheRuleResponse,
} from "@aws-sdk/client-ecr";
import type { Environment, Rule } from "../ecr/environment";
import { isException } from "./aws/errors";
import { deployCommand, explainFailure } from "./aws/remedies";
import { describeDifference, ruleDifferences } from "./rule-comparison";

/** What a check has found. */
export interface Outcome {
  /** `not-checked`: a permission is missing. */
  readonly state: "ok" | "failed" | "not-checked";
  readonly detail?: string;
  /** What to do. */
  readonly remedy?: string;
}

export const ok = (detail?: string): Outcome => ({ state: "ok", ...(detail && { detail }) });
export const failed = (detail: string, remedy: string): Outcome => ({
  state: "failed",
  detail,
  remedy,
});

/** What ECR says of a rule. */
export type Validation =
  | { readonly rule: "valid"; readonly response: ValidatePullThroughCacheRuleResponse }
  | { readonly rule: "missing" }
  | { readonly rule: "invalid"; readonly failure: string; readonly remedy: string };

/** Has ECR validate a rule, which reads the secret and asks the upstream. */
export async function validateRule(
  ecr: ECRClient,
  environment: Environment,
  { prefix, upstream }: Rule,
): Promise<Validation> {
  let response;
  try {
    response = await ecr.send(
      new ValidatePullThroughCacheRuleCommand({ ecrRepositoryPrefix: prefix }),
    );
  } catch (error) {
    if (!isException(error, "PullThroughCacheRuleNotFoundException")) throw error;
    return { rule: "missing" };
  }
  const { isValid, failure = "ECR gives no reason" } = response;
  if (isValid) return { rule: "valid", response };
  const { toDo } = explainFailure("", failure, { environment: environment.name, prefix, upstream });
  return { rule: "invalid", failure, remedy: toDo };
}

/** Whether a rule is valid, and the environment's. */
export async function checkRule(
  ecr: ECRClient,
  environment: Environment,
  region: string,
  rule: Rule,
): Promise<Outcome> {
  const deploy = deployCommand(environment.name);
  const validation = await validateRule(ecr, environment, rule);
  if (validation.rule === "missing") return failed("there is no such rule", deploy);
  if (validation.rule === "invalid") return failed(validation.failure, validation.remedy);
  const differences = ruleDifferences(environment, region, rule, validation.response);
  return differences.length === 0
    ? ok()
    : failed(differences.map(describeDifference).join("; "), deploy);
}
