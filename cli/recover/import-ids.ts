import type { ResourceChange } from "../../plan/plan";

type Id = (change: ResourceChange, account: string, partition: string) => string;

const attribute =
  (name: string): Id =>
  ({ after }) =>
    String(after[name]);

/** The ARN of a customer managed policy. */
function policyArn({ after }: ResourceChange, account: string, partition: string): string {
  const path = typeof after.path === "string" ? after.path : "/";
  return `arn:${partition}:iam::${account}:policy${path}${String(after.name)}`;
}

/**
 * By which id Terraform imports what it can't create again. Secrets, whose ARN only AWS knows, are looked up.
 *
 * What is missing here is created by a call that succeeds if the resource exists with the same settings, as it does after an
 * interrupted deployment: policies of roles, registries, queues and topics, attachments, alarms, dashboards, EventBridge
 * rules and targets, subscriptions, topics, queues, invoke configurations, versions of secrets.
 */
const IDS: Readonly<Record<string, Id>> = {
  aws_ecr_pull_through_cache_rule: attribute("ecr_repository_prefix"),
  aws_ecr_repository_creation_template: attribute("prefix"),
  aws_iam_role: attribute("name"),
  aws_iam_policy: policyArn,
  aws_cloudwatch_log_group: attribute("name"),
  aws_lambda_function: attribute("function_name"),
  aws_lambda_permission: ({ after }) =>
    `${String(after.function_name)}/${String(after.statement_id)}`,
};

/**
 * The id by which a resource that a plan creates would be imported; undefined if creating it again does no harm.
 *
 * @param account The account that the plan is for.
 */
export function importId(
  change: ResourceChange,
  account: string,
  partition: string,
): string | undefined {
  return IDS[change.type]?.(change, account, partition);
}
