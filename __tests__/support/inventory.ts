import { CloudWatchClient, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import { paginateListPolicies, paginateListRoles } from "@aws-sdk/client-iam";
import { LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { ListSecretsCommand } from "@aws-sdk/client-secrets-manager";
import { paginateListSubscriptions, paginateListTopics, SNSClient } from "@aws-sdk/client-sns";
import { callJson } from "../../sandbox/moto-client";
import type { Sandbox } from "../../sandbox/sandbox";
import { all, iamOf, rulesIn, secretsOf, templatesIn } from "./clients";

/** Names by the type of Terraform's resource, sorted. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

type Read = (sandbox: Sandbox, region: string) => Promise<(string | undefined)[]>;

const options = (sandbox: Sandbox, region: string) => ({
  endpoint: sandbox.url,
  region,
  credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
});

/** What an API of the JSON protocol, for which no SDK is installed, lists. */
const listed =
  (service: string, target: string, list: string, name?: string): Read =>
  async ({ motoUrl: url, account }, region) => {
    const { text } = await callJson({ url, account }, service, region, target, {});
    const { [list]: items = [] } = JSON.parse(text) as Record<
      string,
      (string | Record<string, string>)[]
    >;
    return items.map((item) => (typeof item === "string" ? item : item[name ?? ""]));
  };

const inRegions: Readonly<Record<string, Read>> = {
  aws_ecr_pull_through_cache_rule: async (sandbox, region) =>
    (await rulesIn(sandbox, region)).map(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix),
  aws_ecr_repository_creation_template: async (sandbox, region) =>
    (await templatesIn(sandbox, region)).map(({ prefix }) => prefix),
  aws_secretsmanager_secret: async (sandbox, region) => {
    const command = new ListSecretsCommand({ IncludePlannedDeletion: true });
    const { SecretList = [] } = await secretsOf(sandbox, region).send(command);
    return SecretList.map(({ Name }) => Name);
  },
  aws_lambda_function: (sandbox, region) => {
    const client = new LambdaClient(options(sandbox, region));
    return all(paginateListFunctions({ client }, {}), ({ Functions = [] }) =>
      Functions.map(({ FunctionName }) => FunctionName),
    );
  },
  aws_sns_topic: (sandbox, region) => {
    const client = new SNSClient(options(sandbox, region));
    return all(paginateListTopics({ client }, {}), ({ Topics = [] }) =>
      Topics.map(({ TopicArn }) => TopicArn?.split(":").at(-1)),
    );
  },
  aws_sns_topic_subscription: (sandbox, region) => {
    const client = new SNSClient(options(sandbox, region));
    return all(paginateListSubscriptions({ client }, {}), ({ Subscriptions = [] }) =>
      Subscriptions.map(({ Endpoint }) => Endpoint),
    );
  },
  aws_cloudwatch_metric_alarm: (sandbox, region) => {
    const client = new CloudWatchClient(options(sandbox, region));
    return all(paginateDescribeAlarms({ client }, {}), ({ MetricAlarms = [] }) =>
      MetricAlarms.map(({ AlarmName }) => AlarmName),
    );
  },
  aws_cloudwatch_log_group: listed(
    ...(["logs", "Logs_20140328.DescribeLogGroups", "logGroups", "logGroupName"] as const),
  ),
  aws_cloudwatch_event_rule: listed("events", "AWSEvents.ListRules", "Rules", "Name"),
  aws_sqs_queue: async (sandbox, region) => {
    const urls = await listed("sqs", "AmazonSQS.ListQueues", "QueueUrls")(sandbox, region);
    return urls.map((url) => url?.split("/").at(-1));
  },
};

const ofAccount: Readonly<Record<string, (sandbox: Sandbox) => Promise<(string | undefined)[]>>> = {
  aws_iam_role: (sandbox) =>
    all(paginateListRoles({ client: iamOf(sandbox) }, {}), ({ Roles = [] }) =>
      Roles.map(({ RoleName }) => RoleName).filter((name) => !name?.startsWith("AWSServiceRole")),
    ),
  aws_iam_policy: (sandbox) =>
    all(paginateListPolicies({ client: iamOf(sandbox) }, { Scope: "Local" }), ({ Policies = [] }) =>
      Policies.map(({ PolicyName }) => PolicyName),
    ),
};

const sorted = (names: readonly (string | undefined)[]) => names.map(String).sort();

/** What there is in an account, of the kinds that the stacks create and that could be there twice or be forgotten. */
export async function inventoryOf(
  sandbox: Sandbox,
  regions: readonly string[],
): Promise<Inventory> {
  const inventory: Record<string, readonly string[]> = {};
  for (const [type, read] of Object.entries(inRegions)) {
    const found = await Promise.all(regions.map((region) => read(sandbox, region)));
    inventory[type] = sorted(found.flat());
  }
  for (const [type, read] of Object.entries(ofAccount))
    inventory[type] = sorted(await read(sandbox));
  return inventory;
}

interface State {
  readonly resources: readonly {
    readonly mode: string;
    readonly type: string;
    readonly instances: readonly { readonly attributes: Readonly<Record<string, unknown>> }[];
  }[];
}

/** By which attribute a resource is in the inventory, where not by its name. */
const NAMES: Readonly<Record<string, string>> = {
  aws_ecr_pull_through_cache_rule: "ecr_repository_prefix",
  aws_ecr_repository_creation_template: "prefix",
  aws_lambda_function: "function_name",
  aws_sns_topic_subscription: "endpoint",
  aws_cloudwatch_metric_alarm: "alarm_name",
};

/** The same of what Terraform's states have. */
export function inventoryOfStates(states: readonly string[]): Inventory {
  const resources = states
    .flatMap((state) => (JSON.parse(state) as State).resources)
    .filter(({ mode }) => mode === "managed");
  return Object.fromEntries(
    [...Object.keys(inRegions), ...Object.keys(ofAccount)].map((type) => [
      type,
      sorted(
        resources
          .filter((resource) => resource.type === type)
          .flatMap(({ instances }) =>
            instances.map(({ attributes }) => String(attributes[NAMES[type] ?? "name"])),
          ),
      ),
    ]),
  );
}
